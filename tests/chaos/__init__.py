"""Real processes, a real nats-server, clients with ledgers, and faults: what must hold while things break.

    make chaos                              ten minutes of faults at random, by seed
    make chaos SCENARIO=kill-leader         one line of the table, measured
    make soak                               an hour of steady load

`scenarios/` holds one fault a file. Each starts an exchange of its own (`exchange`), lets traders with ledgers of
their own work on it (`trader`, `ledger`, `crowd`), does its harm, and has all of it judged at the end (`judge`).
"""
