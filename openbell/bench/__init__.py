"""`openbell bench`: what the engine alone can do, and what the whole path costs against one without an exchange.

`flow` makes commands and `engine` times them in processes of their own. `path` times whole orders: it starts the real
processes (`market`) and a chain of the same parts with no exchange in it (`floor`), and gives both to the same client
(`load`), round by round; `timing` turns what was measured into figures. The command line is
`openbell.commands.bench`.
"""
