"""Telling people outside of the terminal: what, when, how, and through which channel.

plan      when what goes: digests, limits, quiet hours, tries again
words     what is said
forms     the same as Slack, Discord, ntfy and programs want it
posting   HTTP
mailing   sendmail
claims    which process carries what: one alone
errand    the child process that carries one message
order     what that is told
ways      from trainui.toml to how often
addressing  whom a message goes to
herald    the manager's hand: whom a message goes to, and what became of it
"""
