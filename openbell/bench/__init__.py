"""`openbell bench`: measures the engine alone, and the whole path of an order against a path without an exchange.

`flow` makes commands and `engine` times them in processes of their own. `path` times whole orders: it starts the real
processes (`market`) and a chain of the same parts with no exchange in it (`floor`), and gives both to the same client
(`load`), round by round; `timing` turns measurements into figures. The command line is
`openbell.commands.bench`.
"""
