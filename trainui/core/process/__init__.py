"""HANDS: a run's processes. A pair (keeper and guard) starts a job, holds its deadlines and records its end.

    launch      spawns the keeper of a run
    keeper      the script it runs: forks the guard, and does its work if it dies
    guard       forks the job, and watches it to the end
    child       what the forked child does until it is the job
    watch       the loop of whoever guards: signals, deadlines, the exit record, stragglers
    ladder      RULE: when to signal, when to kill. Pure
    tree        which processes belong to a run
    revive      starts a manager when there is none
    beat        the manager's heartbeat, and the end of one that hangs
    order       what the files of a run directory say
    failpoint   where a test kills whoever gets there
    files       writing them so that a power cut leaves the old or the new
    identity    who a process is
    linux       what Python has no name for

Everything but `launch` imports the standard library and its neighbours alone, so that a keeper is small and
lives through an upgrade of everything else.
"""
