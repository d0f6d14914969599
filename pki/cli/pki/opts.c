#include "pki/cli/pki/opts.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "proto/base/text.h"

enum {
    OPT_DIR = 256, OPT_PASSPHRASE_FILE, OPT_PASSPHRASE_FD, OPT_DEPLOYMENT, OPT_OIN, OPT_NAME,
    OPT_HOST, OPT_CONTROLLER, OPT_REGIME, OPT_CLASS, OPT_PURPOSE, OPT_POPULATION, OPT_CHURN,
    OPT_ENDPOINT, OPT_ORIGIN, OPT_OFFICER, OPT_PERSON, OPT_FUNCTION, OPT_TOKEN_FILE, OPT_REQUEST,
    OPT_ANSWER, OPT_ROSTER, OPT_STATEMENT, OPT_SEALED, OPT_OUT, OPT_NORM, OPT_EPOCH, OPT_DAYS,
    OPT_JSON, OPT_DRY_RUN, OPT_PIN_FILE, OPT_PIN_FD,
    OPT_KEY, OPT_BACKUP, OPT_SHARE, OPT_KEEPER_PASSPHRASE_FILE, OPT_WRAPPING, OPT_NEW_WRAPPING, OPT_REPLACE, OPT_WRAPPING_PASSPHRASE_FILE,
    OPT_ROLE, OPT_FINGERPRINT, OPT_PROOF_CERT, OPT_PROOF_KEY, OPT_LINEAGE, OPT_SEEN,
    OPT_CRL, OPT_SIGN, OPT_SOCKS5, OPT_KEEP, OPT_TAKE,
};

enum { OPT_COPIES = 512, OPT_DECLARED, OPT_BROKER_SOCKET, OPT_AGENT_SOCKET, OPT_POLICY, OPT_SIGNATURES, OPT_SIGNER, OPT_CONFIRMED, OPT_WITHOUT, OPT_RESPONSE, OPT_OLD, OPT_CODE }; /* of the epoch verbs, of status */
enum { OPT_RETIRE = 768, OPT_PIN, OPT_CONFIRM, OPT_LOST, OPT_SWITCH, OPT_STATUS, OPT_NOW, OPT_ROOT_KEY, OPT_ROOT_PASSPHRASE_FILE, OPT_MODULE, OPT_PKCS11, OPT_STORE, OPT_HEAD }; /* of rotate */

static const char doc[] =
    "Keys, certificates and the roster of Sluis.\v"
    "Verbs:\n"
    "  ceremony PLAN.yaml  open the register under two officers; --dry-run prints the plan\n"
    "  init          the same without a ceremony, for tests and demonstrations\n"
    "  token         make a one-time enrolment token, to be handed over outside this channel\n"
    "  enrol         make an agency's keys, or with --officer a person's, and a request\n"
    "  broker-init   make the broker's keys and a request\n"
    "  approve       check a request, issue its certificates, write the answer\n"
    "  accept        check an answer and install its certificates\n"
    "  renew         make new keys and a request by those of now; --take puts them in use once a roster lists them\n"
    "  renewals      judge every request to renew in DIR/renewals; approve judges one (without --answer)\n"
    "  signer        make the key and certificate of a policy signer\n"
    "  witness       make, once, the key with which an agency cosigns the audit log, or a broker the agencies' own\n"
    "                logs, and print its line\n"
    "  witness ask|take  at the broker: what a witness that no agency runs (--name) is asked, and its answer\n"
    "  log           make, once, the key of an agency's own audit log, and print its line; enrol makes it too\n"
    "  revoke        a member, a person (--officer) or a line of keys (--lineage); --sign --out FILE puts\n"
    "                it in force at once, --crl FILE writes the list for third parties\n"
    "  crl           that list alone\n"
    "  roster sign|show\n"
    "  roster leave  an agency is of a purpose no more: its epochs end, and a new one is dealt without it\n"
    "  roster recover  go on from the newest roster that is out, after an old copy was restored\n"
    "  mailbox       give a register of before a mailbox at the broker; init and ceremony make it; --replace makes\n"
    "                its keys anew where they are over, revoked or gone\n"
    "  mail          fetch what agencies asked the registrar through the broker, into DIR/renewals\n"
    "  epoch confirm as officer: sign to whom a key will be dealt; two do, of two persons\n"
    "  epoch new     as custodian: make a purpose key and deal it to the policy's participants\n"
    "  epoch accept  as participant: open the dealt key, compare the list, store the key\n"
    "  epoch half    as broker: check the custodian's statement and make the broker's half\n"
    "  epoch activate|retire|compromise\n"
    "                as custodian: say the state of an epoch; compromise prints what is exposed\n"
    "  epoch declare as officer: sign which copies, backups and snapshots of an epoch are destroyed\n"
    "  epoch destroy as custodian, on two declarations: say so; every party: erase its key file\n"
    "  epoch list    the epochs of each purpose: state, age, whether their key is here\n"
    "  epoch resign  as custodian: sign statements and words again after a new certificate\n"
    "  rotate        --key KIND: a new version of a key: issuing, roster, storage, witness; of an agency own-log;\n"
    "                of the broker signing, transport, log;\n"
    "                --dry-run says what would be done,\n"
    "                --status what remains, --retire N removes version N once nothing needs it\n"
    "  test-key      open a key, sign with it, and compare it with its certificate\n"
    "  backup        keys and certificates of a folder, sealed; three keepers, any two of whom open it\n"
    "  restore       a folder from a backup, by two keepers, under a new passphrase\n"
    "  list          what lies in a folder\n"
    "  status        each key: whose, in use, its end, what to do next; of a registrar's folder the whole\n"
    "                deployment. Exits with 1 within 14 days of an end, 2 within 3 days, over or wrong\n";

/* Behind the options; texts of their own because one literal holds 4095 bytes. */
static const char examples_of_epochs[] =
    "Examples:\n"
    "  POLICY='--policy policy.yaml --signatures policy/signatures --signer owner.pem --signer jurist.pem'\n"
    "  sluis-pki epoch confirm --dir jansen --purpose riec --epoch 1 --roster roster.signed $POLICY \\\n"
    "    --passphrase-file jansen.pass --out jansen.confirmed\n"
    "  sluis-pki epoch new --dir riec --purpose riec --epoch 1 --norm bsn=1 --norm kvk=1 \\\n"
    "    --roster roster.signed $POLICY --confirmed jansen.confirmed --confirmed peters.confirmed \\\n"
    "    --out dealt --passphrase-file riec.pass\n"
    "  sluis-pki epoch accept --dir uwv --roster roster.signed $POLICY --statement dealt/statement.signed \\\n"
    "    --sealed dealt/00000099000000003000.cms --passphrase-file uwv.pass\n"
    "  sluis-pki epoch activate --dir riec --purpose riec --epoch 2 --roster roster.signed \\\n"
    "    --dry-run\n"
    "  sluis-pki epoch retire --dir riec --purpose riec --epoch 1 --roster roster.signed \\\n"
    "    --passphrase-file riec.pass --out riec-3.states\n"
    "  sluis-pki epoch declare --dir jansen --purpose riec --epoch 1 --copies destroyed.txt \\\n"
    "    --passphrase-file jansen.pass --out jansen.declared\n"
    "  sluis-pki epoch destroy --dir riec --purpose riec --epoch 1 --roster roster.signed \\\n"
    "    --declared jansen.declared --declared devries.declared --passphrase-file riec.pass\n"
    "  sluis-pki epoch destroy --dir uwv --purpose riec --epoch 1 --roster roster.signed \\\n"
    "    --statement riec-4.states\n";

static const char examples[] =
    "  sluis-pki init --dir reg --deployment demo --oin 00000099000000000100 \\\n"
    "    --name Registrar --host 00000099000000000100 --passphrase-file reg.pass\n"
    "  sluis-pki token --dir reg --oin 00000099000000002000 --role agency --name RIEC \\\n"
    "    --controller 00000099000000002000 --regime avg --class riec --purpose riec \\\n"
    "    --population 8000 --churn 2000 --out riec.token --passphrase-file reg.pass\n"
    "  sluis-pki token --dir reg --oin 00000099000000002000 --role officer --officer a.jansen \\\n"
    "    --person p1 --function release_officer --replace --out jansen.token --passphrase-file reg.pass\n"
    "  sluis-pki enrol --dir riec --deployment demo --oin 00000099000000002000 --name RIEC \\\n"
    "    --host 00000099000000002000 --controller 00000099000000002000 --regime avg \\\n"
    "    --class riec --purpose riec --population 8000 --churn 2000 \\\n"
    "    --token-file riec.token --passphrase-file riec.pass --request riec.req\n"
    "  sluis-pki approve --dir reg --request riec.req --answer riec.ans --fingerprint sha256:… \\\n"
    "    --passphrase-file reg.pass\n"
    "  sluis-pki accept --dir riec --answer riec.ans --passphrase-file riec.pass\n"
    "  sluis-pki renew --dir riec --key all --request riec.renew --passphrase-file riec.pass\n"
    "  sluis-pki approve --dir reg --request riec.renew --passphrase-file reg.pass\n"
    "  sluis-pki renew --dir riec --take --roster roster.signed --passphrase-file riec.pass\n"
    "  sluis-pki roster sign --dir reg --out roster.signed --passphrase-file reg.pass\n"
    "  sluis-pki witness --dir riec --passphrase-file riec.pass >> audit-policy\n"
    "  sluis-pki witness ask --broker-socket /run/sluis/broker.sock --name outside --old 4096 --request asked\n"
    "  sluis-pki witness take --broker-socket /run/sluis/broker.sock --name outside --request asked \\\n"
    "    --response answer --code 200\n"
    "  sluis-pki rotate --dir riec --key witness --passphrase-file riec.pass\n"
    "  sluis-pki log --dir riec --passphrase-file riec.pass\n"
    "  sluis-pki revoke --dir reg --oin 00000099000000002000 --officer a.jansen --sign \\\n"
    "    --out roster.signed --passphrase-file reg.pass\n"
    "  sluis-pki mail --dir reg --passphrase-file reg.pass\n";

static const char examples_of_keys[] =
    "  sluis-pki rotate --dir reg --key issuing --root-key /media/stick/root.key --dry-run\n"
    "  sluis-pki rotate --dir reg --key issuing --root-key /media/stick/root.key \\\n"
    "    --passphrase-file reg.pass\n"
    "  sluis-pki rotate --dir reg --key issuing --status\n"
    "  sluis-pki rotate --dir broker --key transport --endpoint tcp://broker.example:7401 \\\n"
    "    --request transport.req --passphrase-file broker.pass\n"
    "  sluis-pki rotate --dir reg --key transport --request transport.req --passphrase-file reg.pass\n"
    "  sluis-pki rotate --dir reg --key transport --switch\n"
    "  sluis-pki rotate --dir broker --key transport --switch --roster roster.signed \\\n"
    "    --passphrase-file broker.pass\n"
    "  sluis-pki rotate --dir reg --key issuing --retire 1\n"
    "  sluis-pki rotate --dir uwv --key storage --passphrase-file uwv.pass\n"
    "  sluis-pki rotate --dir uwv --key storage --store /var/lib/sluis/uwv --status\n"
    "  sluis-pki rotate --dir uwv --key own-log --store /var/lib/sluis/uwv --switch --passphrase-file uwv.pass\n"
    "  sluis-pki rotate --dir uwv --key own-log --store /var/lib/sluis/uwv --lost --passphrase-file uwv.pass\n"
    "  sluis-pki status --dir reg --broker-socket /run/sluis/broker.sock --json\n"
    "  sluis-pki rotate --dir reg --key roster --passphrase-file reg.pass\n"
    "  sluis-pki rotate --dir riec --key roster --pin roster-key-2.pem --roster roster.signed\n"
    "  sluis-pki rotate --dir reg --key roster --confirm --oin 00000099000000002000 \\\n"
    "    --fingerprint sha256:…\n"
    "  sluis-pki rotate --dir reg --key roster --switch --passphrase-file reg.pass\n"
    "  sluis-pki roster leave --dir reg --oin 00000099000000002000 --purpose riec\n"
    "  sluis-pki backup --dir riec --out riec.backup --wrapping /media/wrapping --new-wrapping \\\n"
    "    --passphrase-file riec.pass\n"
    "  sluis-pki restore --dir riec2 --backup riec.backup/backup.sealed --share share-1.key \\\n"
    "    --share share-3.key --wrapping /media/wrapping --passphrase-file new.pass\n"
    "\n"
    "A passphrase comes from a file of mode 0600, from a descriptor, or from the terminal: never from "
    "an argument or the environment. Exit codes are those of sysexits.h.";

static const struct argp_option options[] = {
    {"dir", OPT_DIR, "DIR", 0, "folder of this party (its keys are in DIR/keys)", 0},
    {"passphrase-file", OPT_PASSPHRASE_FILE, "FILE", 0, "read the passphrase from FILE", 0},
    {"passphrase-fd", OPT_PASSPHRASE_FD, "N", 0, "read the passphrase from descriptor N", 0},
    {"pin-file", OPT_PIN_FILE, "FILE", 0, "read the PIN of a key in a hardware module from FILE", 0},
    {"pin-fd", OPT_PIN_FD, "N", 0, "read that PIN from descriptor N", 0},
    {"key", OPT_KEY, "ID", 0, "which key: the name of its file without .key", 0},
    {"dry-run", OPT_DRY_RUN, NULL, 0, "say what would be done; change nothing", 0},
    {"json", OPT_JSON, NULL, 0, "write JSON", 0},
    {"out", OPT_OUT, "PATH", 0, "where the result goes", 0},
    {"deployment", OPT_DEPLOYMENT, "ID", 0, "name of the deployment", 1},
    {"oin", OPT_OIN, "OIN", 0, "20 characters: the party", 1},
    {"name", OPT_NAME, "TEXT", 0, "its name, at most 64 bytes", 1},
    {"host", OPT_HOST, "OIN", 0, "organisation that runs its systems (its own OIN if left out)", 1},
    {"controller", OPT_CONTROLLER, "OIN", 0, "controller; may be repeated", 1},
    {"regime", OPT_REGIME, "LAW", 0, "avg, wpg or wjsg", 1},
    {"class", OPT_CLASS, "ID", 0, "party class of the policy; may be repeated", 1},
    {"purpose", OPT_PURPOSE, "ID", 0, "purpose; enrol: may be repeated", 1},
    {"population", OPT_POPULATION, "N", 0, "subjects it registers", 1},
    {"churn", OPT_CHURN, "N", 0, "additions in a year that it declares", 1},
    {"endpoint", OPT_ENDPOINT, "URL", 0, "broker-init, token: tcp://host:port; mail: the broker, if not as the roster says", 1},
    {"socks5", OPT_SOCKS5, "HOST:PORT", 0, "mail: through this proxy", 1},
    {"origin", OPT_ORIGIN, "TEXT", 0, "broker-init, token: origin line of its log; rotate --key log: of its successor", 1},
    {"officer", OPT_OFFICER, "STAFF", 0, "enrol, token, remove: a person, by staff id", 2},
    {"person", OPT_PERSON, "ID", 0, "the same for every staff id of one person", 2},
    {"function", OPT_FUNCTION, "ID", 0, "case_worker, release_officer …; may be repeated", 2},
    {"role", OPT_ROLE, "ROLE", 0, "token: agency, broker or officer", 2},
    {"replace", OPT_REPLACE, NULL, 0, "token: its request may take the place of one that the roster lists; mailbox: new keys for those that are over, revoked or gone", 2},
    {"lost", OPT_LOST, NULL, 0, "token --replace: those keys are lost or over, and nobody else has them: what they signed stays valid; "
     "rotate --key roster, own-log: the key is lost or stolen, the next one signs at once", 2},
    {"fingerprint", OPT_FINGERPRINT, "SHA256", 0, "approve: of the request, as the party read it out", 2},
    {"proof-cert", OPT_PROOF_CERT, "FILE", 0, "enrol: a PKIoverheid certificate of this OIN, and those above it", 2},
    {"proof-key", OPT_PROOF_KEY, "FILE", 0, "enrol: its key, PEM; an encrypted one opens with the passphrase", 2},
    {"lineage", OPT_LINEAGE, "SHA256", 0, "revoke: a certificate of the line of renewals", 2},
    {"take", OPT_TAKE, NULL, 0, "renew: put the new keys in use that --roster lists", 2},
    {"keep", OPT_KEEP, "DAYS", 0, "approve, renewals: how long questions are open under the sealing certificate that is replaced (92)", 2},
    {"sign", OPT_SIGN, NULL, 0, "revoke: sign the roster, too", 2},
    {"crl", OPT_CRL, "FILE", 0, "revoke: write the revocation list to FILE", 2},
    {"seen", OPT_SEEN, "FILE", 0, "roster sign, recover: the newest roster that anybody has; epoch: the custodian's newest word", 2},
    {"token-file", OPT_TOKEN_FILE, "FILE", 0, "the one-time token", 2},
    {"request", OPT_REQUEST, "FILE", 0, "the request", 2},
    {"answer", OPT_ANSWER, "FILE", 0, "the answer", 2},
    {"days", OPT_DAYS, "N", 0, "life of what is made: a certificate 7 to 30, a token 1 to 30, a roster 1 to 7", 2},
    {"roster", OPT_ROSTER, "FILE", 0, "a signed roster", 3},
    {"epoch", OPT_EPOCH, "N", 0, "number of the epoch", 3},
    {"norm", OPT_NORM, "TYPE=N", 0, "version of a type's normalisation; repeated", 3},
    {"statement", OPT_STATEMENT, "FILE", 0, "the custodian's signed statement", 3},
    {"sealed", OPT_SEALED, "FILE", 0, "the key dealt to this party", 3},
    {"copies", OPT_COPIES, "FILE", 0, "epoch declare: a line for each copy that is destroyed", 3},
    {"declared", OPT_DECLARED, "FILE", 0, "epoch destroy: a signed declaration; twice", 3},
    {"policy", OPT_POLICY, "FILE", 0, "epoch: the policy, which names custodian and participants", 3},
    {"signatures", OPT_SIGNATURES, "DIR", 0, "its signatures, as the daemons have them", 3},
    {"signer", OPT_SIGNER, "FILE", 0, "certificate of a policy signer; once for each", 3},
    {"confirmed", OPT_CONFIRMED, "FILE", 0, "epoch new: an officer's confirmation of the list; twice", 3},
    {"without", OPT_WITHOUT, "OIN", 0, "epoch accept, half: joined since it was dealt; may be repeated", 3},
    {"retire", OPT_RETIRE, "N", 0, "rotate: version N goes", 5},
    {"switch", OPT_SWITCH, NULL, 0, "rotate: the next version takes over", 5},
    {"store", OPT_STORE, "DIR", 0, "rotate --key storage, own-log: the daemon's store (DIR/store where it is left out)", 5},
    {"head", OPT_HEAD, "FILE", 0, "rotate --key log --origin: the last head of the log that ends", 5},
    {"now", OPT_NOW, NULL, 0, "rotate --switch: though a party may still hold the roster of before; own-log: though no broker cosigns it", 5},
    {"status", OPT_STATUS, NULL, 0, "rotate: say what remains to be done", 5},
    {"pin", OPT_PIN, "FILE", 0, "rotate --key roster: the certificate of the next roster key, at a party", 5},
    {"confirm", OPT_CONFIRM, NULL, 0, "rotate --key roster: the party --oin read out --fingerprint of what it pins", 5},
    {"root-key", OPT_ROOT_KEY, "FILE", 0, "rotate: the root key, on its medium", 5},
    {"root-passphrase-file", OPT_ROOT_PASSPHRASE_FILE, "FILE", 0,
     "rotate: its passphrase; after a ceremony twice, in the order of the plan", 5},
    {"pkcs11", OPT_PKCS11, "URI", 0, "rotate: the new key is this object of a hardware module", 5},
    {"module", OPT_MODULE, "LIBRARY", 0, "rotate: the library of that module", 5},
    {"response", OPT_RESPONSE, "FILE", 0, "witness take: the body that the witness answered", 3},
    {"code", OPT_CODE, "N", 0, "witness take: the number of its answer, such as 200", 3},
    {"old", OPT_OLD, "SIZE", 0, "witness ask: of its newest head, as the last take printed it (0)", 3},
    {"broker-socket", OPT_BROKER_SOCKET, "PATH", 0, "status: ask the running broker, too; witness ask, take: the broker", 3},
    {"agent-socket", OPT_AGENT_SOCKET, "PATH", 0, "status: ask a running agent, too", 3},
    {"backup", OPT_BACKUP, "FILE", 0, "restore: the sealed backup", 4},
    {"share", OPT_SHARE, "FILE", 0, "restore: a keeper's share; twice", 4},
    {"keeper-passphrase-file", OPT_KEEPER_PASSPHRASE_FILE, "FILE", 0,
     "a keeper's passphrase, in the order of the keepers (the terminal where there is none)", 4},
    {"wrapping", OPT_WRAPPING, "DIR", 0, "the keys that wrap those of purposes, apart from every backup", 4},
    {"new-wrapping", OPT_NEW_WRAPPING, NULL, 0, "backup: make the wrapping key of an epoch that was never backed up", 4},
    {"wrapping-passphrase-file", OPT_WRAPPING_PASSPHRASE_FILE, "FILE", 0, "the passphrase of those", 4},
    {0},
};

/* Where the text of an option goes; NULL for one that is not a single text. */
static const char **text_of(struct opts *o, int key)
{
    switch (key) {
    case OPT_DIR: return &o->dir;
    case OPT_ROOT_KEY: return &o->root_key;
    case OPT_STORE: return &o->store;
    case OPT_HEAD: return &o->head;
    case OPT_PIN: return &o->pin;
    case OPT_MODULE: return &o->module;
    case OPT_PKCS11: return &o->pkcs11;
    case OPT_PASSPHRASE_FILE: return &o->passphrase_file;
    case OPT_KEY: return &o->key;
    case OPT_ROLE: return &o->role;
    case OPT_FINGERPRINT: return &o->fingerprint;
    case OPT_PROOF_CERT: return &o->proof_cert;
    case OPT_PROOF_KEY: return &o->proof_key;
    case OPT_LINEAGE: return &o->lineage;
    case OPT_SEEN: return &o->seen;
    case OPT_CRL: return &o->crl;
    case OPT_PIN_FILE: return &o->pin_file;
    case OPT_DEPLOYMENT: return &o->deployment;
    case OPT_OIN: return &o->oin;
    case OPT_NAME: return &o->name;
    case OPT_HOST: return &o->host;
    case OPT_REGIME: return &o->regime;
    case OPT_ENDPOINT: return &o->endpoint;
    case OPT_SOCKS5: return &o->socks5;
    case OPT_ORIGIN: return &o->origin;
    case OPT_OFFICER: return &o->officer;
    case OPT_PERSON: return &o->person;
    case OPT_TOKEN_FILE: return &o->token_file;
    case OPT_REQUEST: return &o->request;
    case OPT_ANSWER: return &o->answer;
    case OPT_ROSTER: return &o->roster;
    case OPT_STATEMENT: return &o->statement;
    case OPT_SEALED: return &o->sealed;
    case OPT_OUT: return &o->out;
    case OPT_COPIES: return &o->copies;
    case OPT_POLICY: return &o->policy;
    case OPT_SIGNATURES: return &o->signatures;
    case OPT_BROKER_SOCKET: return &o->broker_socket;
    case OPT_AGENT_SOCKET: return &o->agent_socket;
    case OPT_RESPONSE: return &o->response;
    case OPT_BACKUP: return &o->backup;
    case OPT_WRAPPING: return &o->wrapping;
    case OPT_WRAPPING_PASSPHRASE_FILE: return &o->wrapping_passphrase_file;
    default: return NULL;
    }
}

static struct opts_list *list_of(struct opts *o, int key)
{
    switch (key) {
    case OPT_ROOT_PASSPHRASE_FILE: return &o->root_passphrases;
    case OPT_CONTROLLER: return &o->controllers;
    case OPT_CLASS: return &o->classes;
    case OPT_PURPOSE: return &o->purposes;
    case OPT_FUNCTION: return &o->functions;
    case OPT_NORM: return &o->norms;
    case OPT_DECLARED: return &o->declared;
    case OPT_SIGNER: return &o->signers;
    case OPT_CONFIRMED: return &o->confirmed;
    case OPT_WITHOUT: return &o->without;
    case OPT_SHARE: return &o->shares;
    case OPT_KEEPER_PASSPHRASE_FILE: return &o->keeper_passphrases;
    default: return NULL;
    }
}

static bool *flag_of(struct opts *o, int key)
{
    switch (key) {
    case OPT_JSON: return &o->json;
    case OPT_DRY_RUN: return &o->dry_run;
    case OPT_SIGN: return &o->sign;
    case OPT_REPLACE: return &o->replace;
    case OPT_NEW_WRAPPING: return &o->new_wrapping;
    case OPT_TAKE: return &o->take;
    case OPT_CONFIRM: return &o->confirm;
    case OPT_LOST: return &o->lost;
    case OPT_SWITCH: return &o->switch_over;
    case OPT_STATUS: return &o->remains;
    case OPT_NOW: return &o->at_once;
    default: return NULL;
    }
}

static uint64_t number(struct argp_state *state, const char *arg, uint64_t max)
{
    uint64_t v = 0;
    if (text_get_u64(bytes_str(arg), max, &v) != ERR_OK)
        argp_error(state, "'%s' is not a number of 0 to %llu", arg, (unsigned long long)max);
    return v;
}

static error_t parse_number(struct argp_state *state, struct opts *o, int key, const char *arg)
{
    switch (key) {
    case OPT_PASSPHRASE_FD: o->passphrase_fd = (int)number(state, arg, 1023); return 0;
    case OPT_PIN_FD: o->pin_fd = (int)number(state, arg, 1023); return 0;
    case OPT_POPULATION: o->population = number(state, arg, UINT32_MAX); return 0;
    case OPT_CHURN: o->churn = number(state, arg, UINT32_MAX); return 0;
    case OPT_EPOCH: o->epoch = number(state, arg, UINT32_MAX); return 0;
    case OPT_RETIRE: o->retire = number(state, arg, 99); return 0;
    case OPT_OLD: o->old = number(state, arg, INT64_MAX); return 0;
    case OPT_CODE: o->code = number(state, arg, 999); return 0;
    case OPT_KEEP: o->keep = number(state, arg, 3650); return 0;
    case OPT_DAYS: o->days = number(state, arg, 3650); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_argument(struct argp_state *state, struct opts *o, const char *arg)
{
    if (o->verb == NULL)
        o->verb = arg;
    else if (o->sub == NULL)
        o->sub = arg;
    else
        argp_error(state, "'%s': too many arguments", arg);
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct opts *o = state->input;
    const char **text = text_of(o, key);
    struct opts_list *list = list_of(o, key);
    if (text != NULL && *text != NULL)
        argp_error(state, "an option stands twice, the second time with '%s'", arg);
    if (text != NULL) {
        *text = arg;
        return 0;
    }
    if (list != NULL) {
        if (list->count == OPTS_LIST_MAX)
            argp_error(state, "an option stands more than %d times", OPTS_LIST_MAX);
        list->v[list->count++] = arg;
        return 0;
    }
    bool *flag = flag_of(o, key);
    if (flag != NULL) {
        *flag = true;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        return parse_argument(state, o, arg);
    if (key == ARGP_KEY_END && o->verb == NULL)
        argp_error(state, "give a verb");
    return parse_number(state, o, key, arg);
}

static char *join_examples(void)
{
    char *all = NULL;
    return asprintf(&all, "%s%s%s", examples_of_epochs, examples, examples_of_keys) < 0 ? NULL : all;
}

static char *help(int key, const char *text, void *input)
{
    (void)input;
    if (key == ARGP_KEY_HELP_EXTRA)
        return join_examples();
    union {
        const char *from;
        char *to;
    } same = {text}; /* argp takes the text that it gave, unchanged */
    return same.to;
}

void opts_parse(int argc, char **argv, struct opts *out)
{
    static const struct argp argp = {options, parse, "VERB", doc, NULL, help, NULL};
    *out = (struct opts){.passphrase_fd = -1, .pin_fd = -1};
    argp_err_exit_status = EX_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, out) != 0)
        exit(EX_USAGE);
}
