"""What goes out, through a local receiver, a fake sendmail and a command: and that no address is ever told."""

from __future__ import annotations

import json
import os
import socket
import sys
from email import message_from_bytes
from email.policy import default

import pytest
from receiver import Receiver

from tests.conftest import until
from trainui.core.config import Mail, Notify, Webhook
from trainui.core.store.outbox import Message
from trainui.core.telling.errand import MOST_SAID, shown
from trainui.core.telling.order import order, start
from trainui.core.telling.posting import Answer
from trainui.core.telling.terminal import flat, sequences
from trainui.core.telling.words import letter

HOSTILE = "mlp-3: <!channel> <script>*x* \x1b]9;pwned\x07 @everyone\nBcc: evil@example.org\r\n.\r\n \ud800 é"
TOKEN = "T0K3N-not-to-be-told"


@pytest.fixture
def receiver():
    made = []

    def make(*answers):
        made.append(Receiver(*answers))
        return made[-1]

    yield make
    for one in made:
        one.close()


def send(tmp_path, notify, channel, text="mlp-3 finished", *, count=1):
    """Let a real child carry messages; its word."""
    messages = [
        Message(id=n, at=1_795_258_800.0 + n, kind="ended", subject="mlp-3", text=text, facts={"run": "mlp-3", "reason": text})
        for n in range(count)
    ]  # fmt: skip
    said = letter(messages, project="boundary")
    told = order(channel, notify, said, messages, number="trainui-1", project=tmp_path)
    word = tmp_path / "word.json"
    for left in tmp_path.glob("word.*"):
        left.unlink()
    child = start(told, str(word), folder=tmp_path)
    until(lambda: child.poll() is not None)
    assert os.stat(word).st_mode & 0o077 == 0
    return Answer(**json.loads(word.read_text()))


def hook(url, form="json", **how):
    return Notify(webhook=Webhook(form=form, url=url, **how), timeout_seconds=how.pop("timeout", 20))


# ---------------------------------------------------------------- webhooks


@pytest.mark.parametrize("form", ["slack", "discord", "ntfy", "json"])
def test_a_form_is_what_the_other_end_wants_and_hostile_texts_drive_nothing(tmp_path, receiver, form):
    here = receiver()
    answer = send(tmp_path, hook(f"{here.url}/a/topic", form), "webhook", HOSTILE)
    assert answer == Answer(is_sent=True, said="HTTP 200: ok")
    ((path, headers, body),) = here.got
    document = json.loads(body)
    assert headers["Idempotency-Key"] == "trainui-1"
    if form == "slack":
        assert "<" not in document["text"]
        assert "&lt;!channel&gt;" in document["text"]
    elif form == "discord":
        assert document["allowed_mentions"] == {"parse": []}
        assert "\\<" not in document["content"]
        assert "\\*x\\*" in document["content"]
    elif form == "ntfy":
        assert (path, document["topic"], document["priority"]) == ("/a", "topic", 3)
        assert document["title"] == "boundary: mlp-3 ended"
    else:
        assert document["messages"][0]["facts"]["run"] == "mlp-3"
        assert (document["version"], document["id"], document["maybe_again"]) == (1, "trainui-1", False)
        assert document["text"] == HOSTILE
    assert path == ("/a" if form == "ntfy" else "/a/topic")


def test_a_text_of_pages_is_cut_to_what_each_takes(tmp_path, receiver):
    for form, key, most in (("slack", "text", 3500), ("discord", "content", 2000), ("ntfy", "message", 4096)):
        here = receiver()
        assert send(tmp_path, hook(f"{here.url}/t", form), "webhook", "é*" * 20_000, count=30).is_sent
        assert (
            len(
                json.loads(here.got[0][2])[key].encode()
                if form == "ntfy"
                else json.loads(here.got[0][2])[key]
            )
            <= most
        )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, {}, b"sorry"), "HTTP 500 Internal Server Error: sorry"),
        ((404, {}, b""), "HTTP 404 Not Found"),
        ((403, {}, f"invalid token {TOKEN}\x1b[31m".encode()), "HTTP 403 Forbidden: invalid token … [31m"),
        ("break_off", "HTT"),
    ],
)
def test_a_refusal_is_told_in_a_line_without_the_address(tmp_path, receiver, answer, said):
    here = receiver(answer)
    found = send(tmp_path, hook(f"{here.url}/services/{TOKEN}"), "webhook")
    assert not found.is_sent
    assert said in found.said or (answer == "break_off" and found.said)
    assert TOKEN not in found.said


def test_retry_after_is_minded_in_seconds_and_as_a_date(tmp_path, receiver):
    assert (
        send(tmp_path, hook(receiver((429, {"Retry-After": "120"}, b"")).url), "webhook").retry_after == 120
    )
    far = send(
        tmp_path, hook(receiver((503, {"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"}, b"")).url), "webhook"
    )
    assert far.retry_after == 86400
    for odd in ("soon", "-5", "1e999", "٣"):
        found = send(
            tmp_path,
            hook(receiver((429, {"Retry-After": odd.encode().decode("latin-1")}, b"")).url),
            "webhook",
        )
        assert found.retry_after in (None, 86400.0)


def test_nobody_listens_and_no_such_host(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert send(tmp_path, hook(f"http://127.0.0.1:{port}"), "webhook").said == "Connection refused"


@pytest.mark.parametrize("how", ["hang", "drip"])
def test_who_hangs_or_drips_is_left_after_its_time(tmp_path, receiver, how):
    notify = Notify(webhook=Webhook(url=receiver(how).url), timeout_seconds=0.5)
    assert send(tmp_path, notify, "webhook").said == "it took too long"


def test_of_an_endless_answer_only_the_beginning_is_read(tmp_path, receiver):
    found = send(tmp_path, hook(receiver("flood").url), "webhook")
    assert found.is_sent
    assert len(found.said) < 200


def test_a_redirect_is_followed_on_the_same_host_with_the_same_request_and_nowhere_else(tmp_path, receiver):
    near = receiver((307, {"Location": "/there"}, b""), (200, {}, b"ok"))
    assert send(tmp_path, hook(f"{near.url}/here"), "webhook").is_sent
    assert [path for path, _, _ in near.got] == ["/here", "/there"]
    assert near.got[0][2] == near.got[1][2]
    other = receiver()
    for code in (301, 302, 303, 307, 308):
        away = receiver((code, {"Location": f"{other.url}/{TOKEN}"}, b""))
        found = send(tmp_path, hook(away.url), "webhook")
        assert (found.is_sent, found.said) == (False, f"HTTP {code} it redirects, and not to itself")
    assert other.got == []
    around = receiver((307, {"Location": "/again"}, b""))
    assert not send(tmp_path, hook(around.url), "webhook").is_sent
    assert len(around.got) < 10
    file = receiver((302, {"Location": "file:///etc/passwd"}, b""))
    assert not send(tmp_path, hook(file.url), "webhook").is_sent


def test_an_address_and_a_token_come_from_a_file_or_a_variable(tmp_path, receiver, monkeypatch):
    here = receiver()
    (tmp_path / "address").write_text(f"{here.url}/{TOKEN}\n")
    (tmp_path / "token").write_text("abc\n")
    notify = Notify(webhook=Webhook(url_file="address", token_file="token"))
    assert send(tmp_path, notify, "webhook").is_sent
    assert here.got[0][0] == f"/{TOKEN}"
    assert here.got[0][1]["Authorization"] == "Bearer abc"
    monkeypatch.setenv("MY_HOOK", here.url)
    assert send(tmp_path, Notify(webhook=Webhook(url_env="MY_HOOK")), "webhook").is_sent
    missing = send(tmp_path, Notify(webhook=Webhook(url_env="NO_SUCH_HOOK")), "webhook")
    assert "NO_SUCH_HOOK is not in the environment" in missing.said
    assert "No such file" in send(tmp_path, Notify(webhook=Webhook(url_file="none")), "webhook").said


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/x",
        "file:///etc/passwd",
        "ftp://a/b",
        "https://",
        "http://[",
        "https://a b",
        "https://a/\n",
    ],
)
def test_an_address_that_comes_from_a_file_is_looked_at_too(tmp_path, address):
    (tmp_path / "address").write_text(address + "\nx" if address.endswith("\n") else address)
    found = send(tmp_path, Notify(webhook=Webhook(url_file="address")), "webhook")
    assert not found.is_sent
    assert found.said.startswith("the address ")
    assert "example.org" not in found.said


# ---------------------------------------------------------------- sendmail

SENDMAIL = """\
#!{python}
import json, sys
open({out!r}, "wb").write(json.dumps(sys.argv[1:]).encode() + b"\\n" + sys.stdin.buffer.read())
sys.stderr.write("the end\\n")
sys.exit({code})
"""


def sendmail(tmp_path, code=0):
    path = tmp_path / "sendmail"
    path.write_text(SENDMAIL.format(python=sys.executable, out=str(tmp_path / "mail"), code=code))
    path.chmod(0o700)
    return [str(path)]


def test_a_mail_is_one_message_with_the_headers_we_wrote_and_no_others(tmp_path):
    mail = Mail(
        to=["me@example.org", "you@example.org"], sender="gpu@example.org", sendmail=sendmail(tmp_path)
    )
    hostile = "x\r\nBcc: evil@example.org\n\nbody " + HOSTILE
    message = Message(id=1, at=1.0, kind="ended", subject="a\r\nBcc: evil@example.org", text=hostile)
    said = letter([message], project="p\r\nBcc: evil@example.org")
    told = order("mail", Notify(mail=mail), said, [message], number="trainui-1", project=tmp_path)
    child = start(told, str(tmp_path / "word.json"), folder=tmp_path)
    until(lambda: child.poll() is not None)
    assert json.loads((tmp_path / "word.json").read_text())["is_sent"]
    argv, _, raw = (tmp_path / "mail").read_bytes().partition(b"\n")
    assert json.loads(argv) == ["-i", "-f", "gpu@example.org", "--", "me@example.org", "you@example.org"]
    parsed = message_from_bytes(raw, policy=default)
    assert sorted(parsed.keys()) == sorted(
        ["Subject", "To", "From", "Date", "Message-ID", "Auto-Submitted", "X-Trainui-Id", "Content-Type",
         "Content-Transfer-Encoding", "MIME-Version"]
    )  # fmt: skip
    assert parsed["To"] == "me@example.org, you@example.org"
    assert parsed["Message-ID"].startswith("<trainui-1@")
    assert "evil" in parsed.get_content()
    assert not parsed.defects


def test_what_sendmail_says_when_it_fails_is_told(tmp_path):
    mail = Mail(to=["me@example.org"], sendmail=sendmail(tmp_path, code=75))
    found = send(tmp_path, Notify(mail=mail), "mail")
    assert (found.is_sent, found.said.endswith("exit 75 (it may work later): the end")) == (False, True)
    gone = send(tmp_path, Notify(mail=Mail(to=["me@example.org"], sendmail=["/no/such/sendmail"])), "mail")
    assert gone.said == "/no/such/sendmail: No such file or directory"


# ---------------------------------------------------------------- commands, claims


def test_a_command_that_takes_too_long_is_killed_with_what_it_began(tmp_path):
    pids = tmp_path / "pids"
    command = ["sh", "-c", f"sleep 1000 & echo $! > {pids}; wait"]
    found = send(tmp_path, Notify(command=command, timeout_seconds=0.5), "command")
    assert found.said == "the notify command sh took too long and was killed"
    until(lambda: not _lives(int(pids.read_text())))


def test_a_command_that_is_not_there_is_told(tmp_path):
    assert send(tmp_path, Notify(command=["/no/such"]), "command").said.endswith(
        "cannot be run: No such file or directory"
    )
    assert "embedded null byte" in send(tmp_path, Notify(command=["echo", "a\0b"]), "command").said


def test_a_child_whose_errand_was_taken_does_nothing(tmp_path):
    (tmp_path / "word.claim").write_text("{}")
    notify = Notify(command=["touch", "ran"])
    message = Message(id=1, at=1.0, kind="ended", subject="", text="x")
    told = order("command", notify, letter([message], project="p"), [message], number="1", project=tmp_path)
    child = start(told, str(tmp_path / "word.json"), folder=tmp_path)
    until(lambda: child.poll() is not None)
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "word.json").exists()


def _lives(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return False


# ---------------------------------------------------------------- terminals


def test_no_text_ends_its_sequence_or_begins_another():
    for text in (HOSTILE, "\x9c\x07\x1b\\", "a\x90b\x9b31m", "4;1;50", "\u202eabc"):
        for ways in (["osc 9"], ["osc 777"], ["bell", "osc 9", "osc 777"]):
            written = sequences(ways, text, project="p;q\x07")
            inside = written.removeprefix("\a") if "bell" in ways else written
            parts = [part for part in inside.split("\x1b") if part]
            assert len(parts) == len([way for way in ways if way != "bell"])
            for part in parts:
                assert part.startswith(("]9;trainui", "]777;notify;trainui"))
                assert part.endswith("\a")
                assert part[:-1].isprintable()


def test_in_tmux_every_escape_is_doubled_inside_one_passthrough():
    written = sequences(["osc 9"], "x", project="p", in_tmux=True)
    assert written == "\x1bPtmux;\x1b\x1b]9;trainui p: x\a\x1b\\"


def test_a_title_of_777_has_no_more_parts_than_three():
    assert sequences(["osc 777"], "a;b", project="p;q") == "\x1b]777;notify;trainui p,q;a;b\a"
    assert len(flat("x" * 5000)) == 200


def test_a_secret_is_taken_out_of_an_answer_before_the_answer_is_cut():
    said = "x" * (MOST_SAID - 10) + TOKEN + "\x1b]0;evil\x07"
    for told in (shown(said, [TOKEN]), shown(f"{TOKEN} " * 100, [TOKEN])):
        assert len(told) <= MOST_SAID
        assert TOKEN[:6] not in told
        assert told.isprintable()
