"""Torture: kill everything that can be killed, at any moment, and hold what is left against the truth.

    work      the job: it writes its own truth beside what it logs
    scene     a project, its load of jobs, and who of it is alive
    watcher   sees from outside until when each job lived, and how far it was paid
    points    a scene that reaches every numbered step of the protocol, and who dies at one
    world     a machine without processes, for a model of a run's life
    holding   what must hold after every commit of that model
    chaos     one round: a load, and kills at random moments
    truth     what the jobs and the killer wrote down
    booked    the part of the oracle that holds the ledger against the truth
    oracle    holds runs.db and the run directories against that truth; knows nothing of the product's code

`python -m tests.torture` (make torture) runs rounds until enough was killed, and prints a table.
"""
