"""Who does not come in: strangers, wrong and revoked keys, replays, and claims of a key over ipc. Counts are those of `ocop status`."""
import select
import shutil
import socket
import struct
import threading

import msgpack
import zmq
from locked import ENVELOPE, POLICY, Peer


def does_not_come_in(house, connect, logged=""):
    """It may say what it wants: nothing comes back, and the broker counts it, and says so while it goes on knocking."""
    before = house.counted("strangers")
    s = connect()
    try:
        s.send(msgpack.packb(["PING", 1]), zmq.DONTWAIT)
    except zmq.Again:
        pass  # turned away already
    house.wait(lambda: house.counted("strangers") > before, "a stranger to be counted")
    house.wait(lambda: logged in house.log_text(), logged)
    assert not s.poll(200), s.recv_multipart()
    s.close()


def bare_dealer(house):
    s = house.context.socket(zmq.DEALER)
    s.linger = 0
    s.connect(house.tcp("broker"))
    return s


def without_a_key(house):
    does_not_come_in(house, lambda: bare_dealer(house))


def with_another_key(house):
    """One nobody knows; and a known one that takes somebody else for the broker."""
    does_not_come_in(house, lambda: house.curve(zmq.DEALER, "broker", pair=zmq.curve_keypair()))
    does_not_come_in(house, lambda: house.curve(zmq.DEALER, "broker", "operator", server=zmq.curve_keypair()[0]),
                     "event=not_admitted because=another_brokers_key address=127.0.0.1")
    assert "event=not_admitted because=unknown_key address=127.0.0.1 key=" in house.log_text()


def with_an_old_broker_key(house):
    """Our own programs knock less and less often, and say which option may be wrong."""
    before, key = house.counted("strangers"), house.keys / "broker.key"
    good = key.read_text()
    text = good.replace(house.pair("broker", "")[0].decode(), zmq.curve_keypair()[0].decode())
    key.write_text(text)
    done = house.remote("follow", "certification.", "--until-head", "--wait", "2", name="province-06", expect=None)
    key.write_text(good)
    assert done.returncode == 3 and "--server-key" in done.stderr, done
    assert 0 < house.counted("strangers") - before < 10, house.counted("strangers") - before


def with_a_key_of_this_moment(house):
    """A key holds as soon as its file is there: nobody who comes at once is turned away for good."""
    for n in range(3):
        house.make("monitor", f"new-{n}")
        done = house.remote("follow", "certification.", "--until-head", name=f"new-{n}", expect=None)
        assert done.returncode == 0, (n, done)


def with_a_revoked_key(house):
    house.make("monitor", "gone")
    pair = house.pair("gone")
    house.ocop("keys", "revoke", "gone")
    house.hangup()
    does_not_come_in(house, lambda: house.curve(zmq.DEALER, "broker", pair=pair))
    assert "event=not_admitted because=unknown_key" in house.log_text()
    # whoever is revoked again under the same name does not take the first one's place
    first = (house.keys / "gone.key.revoked").read_text()
    house.make("monitor", "gone")
    assert "gone.key.revoked-2" in house.ocop("keys", "revoke", "gone").stdout
    assert (house.keys / "gone.key.revoked").read_text() == first != (house.keys / "gone.key.revoked-2").read_text()
    # and the command line is told so at once
    house.make("monitor", "early")
    house.wait(lambda: "name=early" in house.log_text(), "the key")
    secret = house.secret("early").read_text()
    house.ocop("keys", "revoke", "early")
    house.wait(lambda: "event=key_revoked name=early" in house.log_text(), "the revocation")
    (house.keys / "early.key_secret").write_text(secret)
    (house.keys / "early.key_secret").chmod(0o600)
    done = house.remote("follow", "certification.", "--until-head", name="early", expect=None)
    assert done.returncode == 3 and "does not admit" in done.stderr, (done.returncode, done.stderr)
    done = house.remote("status", name="early", expect=None)
    assert done.returncode == 3 and "broker is not permitted" in done.stdout, (done.returncode, done.stdout)
    assert "does not admit the key" in done.stdout and "--key" in done.stdout, done.stdout


def replayed(house):
    """A captured conversation, sent again byte for byte, says nothing to the broker."""
    listener = socket.create_server(("127.0.0.1", 0))
    captured = []

    def carry():
        a, _ = listener.accept()
        b = socket.create_connection(("127.0.0.1", house.port["broker"]))
        while True:
            for s in select.select([a, b], [], [])[0]:
                data = s.recv(65536)
                if not data:
                    a.close(), b.close()
                    return
                if s is a:
                    captured.append(data)
                (b if s is a else a).sendall(data)

    thread = threading.Thread(target=carry, daemon=True)
    thread.start()
    s = house.context.socket(zmq.DEALER)
    s.linger = 0
    s.curve_publickey, s.curve_secretkey = house.pair("province-06")
    s.curve_serverkey = house.pair("broker", "")[0]
    s.connect(f"tcp://127.0.0.1:{listener.getsockname()[1]}")
    peer = Peer(s)
    assert peer.hello("province-06", 77)[0] == "WELCOME"
    assert peer.ask("PUBLISH", 1, [["intake.plan.filed.06", ENVELOPE]])[0][0] == "STORED"
    peer.close()
    thread.join(30)
    house.settle()
    head, before = house.head(), house.counted("strangers")
    raw = socket.create_connection(("127.0.0.1", house.port["broker"]))
    raw.sendall(b"".join(captured))
    raw.settimeout(30)
    try:
        while raw.recv(65536):
            pass
    except ConnectionResetError:
        pass
    raw.close()
    house.wait(lambda: house.counted("strangers") > before, "the replay to be counted")
    assert house.head() == head, "a replay was stored"


def forged_over_ipc(house):
    """Who comes over ipc is local, whatever it says of itself in the handshake."""
    before = house.log_text().count("event=policy_changed")
    house.policy.write_text(POLICY.read_text() + "\n    local\n        ask = \"broker.status\"\n")
    house.hangup()
    house.wait(lambda: house.log_text().count("event=policy_changed") > before, "the policy")
    operator = house.pair("operator", "")[0]
    for forged in [operator, b"0" * 32 + operator, b"operator"]:
        forge(house, forged)
    shutil.copy(POLICY, house.policy)
    house.hangup()
    house.wait(lambda: house.log_text().count("event=policy_changed") == before + 2, "the policy as it was")


def prop(name, value):
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def forge(house, user):
    """A handshake by hand, with a User-Id of its own in it; then the operator's words."""
    raw = socket.socket(socket.AF_UNIX)
    raw.connect(str(house.dir / "broker.sock"))
    raw.settimeout(20)
    got = b""

    def until(*words):
        nonlocal got
        while not any(w in got for w in words):
            more = raw.recv(65536)
            assert more, got
            got += more

    def say(flags, body):
        raw.sendall(bytes([flags, len(body)]) + body)

    raw.sendall(b"\xff" + b"\0" * 7 + b"\x01\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + b"\0" * 31)
    until(b"NULL")
    say(4, b"\x05READY" + prop(b"Socket-Type", b"DEALER") + prop(b"User-Id", user))
    until(b"READY")
    say(0, msgpack.packb(["HELLO", 1, "operator", 5]))
    say(0, msgpack.packb(["PUBLISH", 1, [["operator.skip.requested.00", ENVELOPE]]]))
    until(b"REFUSED", b"STORED")
    assert b"NOT_PERMITTED" in got and b"STORED" not in got, got
    raw.close()


def borrowed_connection(house):
    """A peer that takes the connection id another has left does not get its name."""
    def dealer(name):
        s = house.context.socket(zmq.DEALER)
        s.linger = 0
        s.setsockopt(zmq.ROUTING_ID, b"window-seat")
        s.curve_publickey, s.curve_secretkey = house.pair(name)
        s.curve_serverkey = house.pair("broker", "")[0]
        s.connect(house.tcp("broker"))
        return Peer(s)

    first = dealer("province-06")
    assert first.hello("province-06", 31)[0] == "WELCOME"
    first.close()

    def knock():
        """The router turns away for good whoever comes before it has seen the other go."""
        peer = dealer("operator")
        peer.say("PING", 999)
        if peer.socket.poll(500):
            return peer
        peer.close()
        return None

    second = house.wait(knock, "the place to be free")
    (answer,) = second.ask("PUBLISH", 1, [["intake.dossier.filed.06", ENVELOPE]])
    assert answer[0] == "REFUSED" and answer[2] == "NO_HELLO", answer
    second.close()
