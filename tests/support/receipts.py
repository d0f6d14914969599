"""What an agency keeps of the broker's promises and proofs, as its people take it out, held against programs that are not
Sluis's."""
import hashlib
import json
import os
import subprocess

import harness
import own_log

DENIED, BAD, MISSING = 77, 65, 69  # exit codes


def bundle_of(made, number):
    """The file with these entries: the full one, or the longest of the others."""
    full = made.path("tiles/tile/entries/%03d" % number)
    return full if os.path.exists(full) else os.path.join(full + ".p", max(os.listdir(full + ".p"), key=int))


def entry_at(made, index):
    """The entry at a place of the published log: u16 length, 32 bytes, 256 to a bundle."""
    for _ in range(20):
        try:
            with open(bundle_of(made, index // 256), "rb") as f:
                f.seek(34 * (index % 256) + 2)
                return f.read(32).hex()
        except (FileNotFoundError, ValueError):
            continue  # a longer one has taken its place
    raise harness.Failed("the log has no entry %d" % index)


def accepted(system, staff):
    """Place and entry of a question of this member's agency that the broker accepted."""
    oin = system.made.agencies[system.agency_of[staff]]["oin"]
    rows = map(json.loads, system.audit(staff, "list", "--event", "request.accepted", "--json", "--limit", "100000").must().out.splitlines())
    index = next(r["index"] for r in rows if r["body"]["actor"]["oin"] == oin)
    return index, entry_at(system.made, index)


def by_openssl(made, folder, spoil):
    """Whether openssl finds the broker's signature good; with a byte of what is signed changed, where it is to be spoilt."""
    pub, signed = os.path.join(folder, "broker.pub"), os.path.join(folder, "promise.signed")
    with open(pub, "w", encoding="utf-8") as f:
        subprocess.run(["openssl", "x509", "-in", made.path("broker/signing.pem"), "-pubkey", "-noout"], check=True, stdout=f)
    if spoil:
        with open(signed, "r+b") as f:
            f.seek(-1, os.SEEK_END)
            last = f.read(1)[0]
            f.seek(-1, os.SEEK_END)
            f.write(bytes([last ^ 1]))
    done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", pub, "-signature", os.path.join(folder, "promise.sig"), signed],
                          check=False, capture_output=True)
    return done.returncode == 0


def stand_by_themselves(system, staff, other):
    """Promise and proof of a question as files: openssl checks the one and a verifier without the agency the other; nothing of it is
    told to who does not read the log, and each look is an entry."""
    made, (index, entry) = system.made, accepted(system, staff)
    above = os.path.join(made.path("people", staff), "receipt")
    os.mkdir(above)
    if os.geteuid() == 0:
        os.chown(above, made.uids[staff], -1)
    folder = os.path.join(above, "evidence")
    said = system.sluis(staff, "receipt", entry, "--output", folder, "--json").must().json
    if system.sluis(staff, "receipt", entry, "--output", folder).code != 73:  # EX_CANTCREAT
        raise harness.Failed("a folder that is there is written into")
    if sorted(os.listdir(folder)) != ["entry.tlog-proof", "promise", "promise.sig", "promise.signed"] or said["entry"] != entry:
        raise harness.Failed("of %s there are %s, and %s" % (entry, os.listdir(folder), said))
    with open(os.path.join(folder, "promise"), "rb") as f, open(os.path.join(folder, "promise.signed"), "rb") as g:
        promise, signed = f.read(), g.read()
    if bytes.fromhex(entry) not in promise or not signed.endswith(promise):
        raise harness.Failed("the promise is of another entry, or something else is signed")
    with open(made.path("broker/signing.pem"), encoding="utf-8") as f:
        der = subprocess.run(["openssl", "x509", "-outform", "DER"], input=f.read().encode(), check=True, capture_output=True).stdout
    if said["certificate"] != hashlib.sha256(der).hexdigest():
        raise harness.Failed("it is said to be signed under %s" % said["certificate"])
    if not by_openssl(made, folder, False) or by_openssl(made, folder, True):
        raise harness.Failed("openssl does not tell a promise from a changed one")
    system.tool("sluis-audit", "verify", "--proof", os.path.join(folder, "entry.tlog-proof"), "--entry", entry, "--audit-policy",
                made.path("audit-policy")).must()
    goes_with_its_body(system, staff, index, os.path.join(folder, "entry.tlog-proof"))
    text = system.sluis(staff, "receipt", entry).must().out + system.sluis(staff, "receipt").must().out
    if "The proof has come." not in text or "known to be broken" not in text:
        raise harness.Failed("people are told %s" % text)
    looks(system, staff, other, entry)


def goes_with_its_body(system, staff, index, proof):
    """What `show` prints is the body that the proof is about, and a changed one is not."""
    body = system.made.path("shown.json")
    text = system.audit(staff, "show", str(index)).must().out
    for changed, code in (text, 0), (text.replace('"', "'", 1), BAD):
        with open(body, "w", encoding="utf-8") as f:
            f.write(changed)
        system.tool("sluis-audit", "verify", "--proof", proof, "--body", body, "--audit-policy", system.made.path("audit-policy")).must(code)


def looks(system, staff, other, entry):
    nothing = os.path.join(system.made.path("people", staff), "receipt", "nothing")
    for person, what, code in ((other, [], DENIED), (other, [entry], DENIED), (staff, ["00" * 32], MISSING),
                               (staff, ["00" * 32, "--json", "--output", nothing], MISSING), (staff, ["5d0c"], BAD)):
        done = system.sluis(person, "receipt", *what)
        if done.code != code:
            raise harness.Failed("receipt %s by %s: exit %d %s" % (what, person, done.code, done.out))

    if os.path.exists(nothing):
        raise harness.Failed("a folder is made for what there is nothing of")

    def told():
        return sorted(b.get("facts", {}).get("entry", "list") for b in own_log.read(system, staff).values() if b["event"] == "receipt.shown")
    wanted = sorted([entry, entry, entry, "00" * 32, "00" * 32, "list"])
    harness.wait_until(lambda: told() == wanted, 30, 0.2, "an entry of each look at a promise")
