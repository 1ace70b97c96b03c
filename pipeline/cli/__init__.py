"""The command line: parse, call, print, choose the exit code.

In: arguments, the environment, a workspace.
Out: results on stdout, everything else on stderr, an exit code.
Never: words a sentence about invoices, imports pandas or pyarrow before a command runs.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def program() -> None:
    """The console script: run a command, and exit without tearing the interpreter down.

    After a large run up to half a gigabyte would be freed object by object before the shell had its answer.
    All files are closed and flushed when `main` ends; only the standard streams remain.
    """
    try:
        # the modules of the commands take a quarter of a second, and an interrupt then is no traceback either
        from pipeline.cli.command_line import main

        main()
    except KeyboardInterrupt:
        from pipeline.cli.console import report_interrupt

        sys.exit(report_interrupt())
    except SystemExit as exit_request:
        with suppress(OSError):
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
            if isinstance(exit_request.code, int):
                os._exit(exit_request.code)
        raise  # uncovered: a stream that cannot be flushed is left to Python's own exit
