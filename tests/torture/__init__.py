"""Torture: kill everything that can be killed, at any moment, and hold what is left against the truth.

    work      the job: it writes its own truth beside what it logs
    scene     a project, its load of jobs, and who of it is alive
    chaos     one round: a load, and kills at random moments
    truth     what the jobs and the killer wrote down
    oracle    holds runs.db and the run directories against that truth; knows nothing of the product's code

`python -m tests.torture` (make torture) runs rounds until enough was killed, and prints a table.
"""
