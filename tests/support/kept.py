"""A demonstration that is left running: the folder's README, a way to act as each of its people, and its end."""
import os
import stat

import deploy
from harness import Failed
from story import CASEWORK

AS = """#!/bin/bash
# Runs a program as one of the people of this demonstration:   ./as r.visser sluis requests
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { echo "usage: $0 STAFF PROGRAM [ARGUMENTS]" >&2; exit 64; }
staff=$1 program=$2
shift 2
case "$staff" in
%(cases)s
*) echo "$0: nobody is called $staff; see README" >&2; exit 64 ;;
esac
place=()
case "$program" in
sluis) place=("$1" --socket "$here/$agency/run/control.sock"); shift
    case "${place[0]}" in
    consent|known|refuse|request) place+=(--key "$here/people/$staff/keys/officer.key" --passphrase-file "$here/people/$staff/passphrase") ;;
    esac ;;
sluis-audit) place=("$1" --log "$here/tiles" --audit-policy "$here/audit-policy"); shift
    case "${place[0]}" in
    list|show|explain) place+=(--bodies "$here/$agency/run/control.sock" --key "$here/people/$staff/keys/officer.key" --passphrase-file "$here/people/$staff/passphrase") ;;
    esac ;;
esac
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups -- "$here/bin/$program" "${place[@]}" "$@"
"""

STOP = """#!/bin/bash
# Ends the daemons of this demonstration, and nothing else: only processes that run its own programs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
ours() { [ "$(readlink "/proc/$1/exe" 2>/dev/null)" = "$here/bin/$2" ]; }
for line in %(daemons)s; do
    pid=${line%%:*} program=${line#*:}
    ours "$pid" "$program" || continue
    kill -TERM "$pid"
    for _ in $(seq 600); do
        ours "$pid" "$program" || break
        sleep 0.1
    done
    if ours "$pid" "$program"; then
        echo "stop: $program ($pid) did not end within a minute" >&2
        exit 1
    fi
done
echo "stopped; remove $here when you are done with it"
"""

README = """# A running demonstration of Sluis

One broker, four agencies, all on loopback (port %(port)d); everybody and everything in it is invented. End it with
`./stop`; then the folder can go.

| place | what |
|---|---|
| `bin/` | the programs |
| `broker/broker.yaml`, `<agency>/agent.yaml` | the configuration of each daemon |
| `<agency>/import/` | an agency's export, its mapping, and the reject report |
| `people/<staff>/` | an officer's key file and its passphrase |
| `tiles/`, `audit-policy` | the published log, and whom to believe about it |
| `logs/` | what the daemons said |
| `truth.json` | the population, in plain text: for comparison only, no program reads it |

`./as STAFF PROGRAM …` runs a program as that person (it needs root: each person has a user id of their own).

| staff | agency | functions |
|---|---|---|
%(staff)s

## Try

As a case worker, look at what came, and ask something new:

    ./as r.visser sluis requests
    ./as r.visser sluis results
    ./as r.visser sluis case open 'Een nieuwe casus' --state work_up_1
    ./as r.visser sluis request --template > subjects.json      # put in a BSN of truth.json ("subjects")
    ./as r.visser sluis request --rule %(rule)s --case CASE --subjects - \\
        --on-behalf-of 00000099000000006000 --deadline 5m < subjects.json

As officers of the holders:

    ./as b.smit sluis inbox
    ./as b.smit sluis show 1
    ./as b.smit sluis consent ITEM --field openstaande_schuld
    ./as u.jansen sluis inbox --all

As an auditor:

    ./as r.mulder sluis-audit list
    ./as r.mulder sluis-audit explain INDEX --policy riec/policy.yaml
    ./as r.mulder sluis-audit verify

As an operator:

    ./as u.jansen sluis status
    bin/sluis-broker --config broker/broker.yaml --check-config
    bin/sluis-pki list --dir registrar
    bin/sluis-pki roster show --dir riec --roster trust/roster.signed

As a jurist:

    bin/sluis-policy check trust/policy.yaml
    bin/sluis-policy test trust/policy.yaml
"""


def check_place(root):
    """The staff's user ids must be able to reach the folder."""
    parent = os.path.dirname(root)
    while True:
        mode = os.stat(parent).st_mode
        if not mode & stat.S_IXOTH:
            raise Failed("%s is closed to others (mode %04o), and the people of the demonstration have user ids of "
                         "their own: choose a folder that they can reach, such as /srv/sluis-demo" %
                         (parent, mode & 0o7777))
        if parent == "/":
            return
        parent = os.path.dirname(parent)


def write(demo):
    """README, as and stop, into the folder of a running demonstration."""
    made, system = demo.made, demo.system
    rows, cases = [], []
    for agency, people in deploy.STAFF.items():
        for staff, _, functions in people:
            rows.append("| `%s` | %s | %s |" % (staff, agency, ", ".join(functions)))
            cases.append("%s) agency=%s uid=%d gid=%d ;;" % (staff, agency, made.uids[staff], made.gids[agency]))
    daemons = " ".join("%d:%s" % (system[who].process.pid, os.path.basename(system[who].command[0]))
                       for who in reversed(list(system.daemons)))
    made.write("README", README % {"port": made.port, "staff": "\n".join(rows), "rule": CASEWORK}, 0o644)
    made.write("as", AS % {"cases": "\n".join(cases)}, 0o755)
    made.write("stop", STOP % {"daemons": daemons}, 0o755)
