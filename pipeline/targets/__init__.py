"""One module per billing API: data and pure functions. The registry names them all."""
