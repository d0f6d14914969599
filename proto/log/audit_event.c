#include "proto/log/audit_event.h"

struct event_words {
    const char *id;
    const char *nl;
    const char *en;
};

static const struct event_words words[AUDIT_EVENT_COUNT] = {
    [AUDIT_EVENT_LOG_STARTED] = {"log.started", "Het logboek is begonnen", "The log began"},
    [AUDIT_EVENT_LOG_KEY_ROTATED] = {"log.key-rotated",
                                     "Het logboek kreeg een nieuwe ondertekeningssleutel",
                                     "The log got a new signing key"},
    [AUDIT_EVENT_DAEMON_STARTED] = {"daemon.started", "De dienst is gestart",
                                    "The service started"},
    [AUDIT_EVENT_DAEMON_STOPPED] = {"daemon.stopped", "De dienst is gestopt",
                                    "The service stopped"},
    [AUDIT_EVENT_BACKUP_MADE] = {"backup.made", "Er is een reservekopie gemaakt",
                                 "A backup was made"},
    [AUDIT_EVENT_STORE_RESTORED] = {"store.restored",
                                    "De opslag is uit een reservekopie teruggezet",
                                    "The store was restored from a backup"},
    [AUDIT_EVENT_BODIES_READ] = {"bodies.read", "Logregels zijn ingezien", "Log bodies were read"},
    [AUDIT_EVENT_BODIES_EXPORTED] = {"bodies.exported", "Logregels zijn in een bestand uitgenomen",
                                     "Log bodies were taken out into a file"},
    [AUDIT_EVENT_BODY_OPENED] = {"body.opened",
                                 "Een auditor heeft een afgeschermd gegeven geopend",
                                 "An auditor opened what a commitment hides"},
    [AUDIT_EVENT_RETENTION_DONE] = {"retention.done", "Gegevens zijn na hun bewaartermijn gewist",
                                    "Data were erased at the end of their term"},
    [AUDIT_EVENT_STORAGE_KEY_ROTATED] = {"storage.key-rotated",
                                         "De opslag kreeg een nieuwe sleutel",
                                         "The store got a new key"},
    [AUDIT_EVENT_STORAGE_REWRAPPED] = {"storage.rewrapped",
                                       "Alle opgeslagen gegevens liggen onder de nieuwe sleutel",
                                       "All stored values lie under the new key"},
    [AUDIT_EVENT_SESSION_OPENED] = {"session.opened", "Een organisatie heeft zich aangemeld",
                                    "An agency opened a session"},
    [AUDIT_EVENT_SESSION_REFUSED] = {"session.refused", "Een aanmelding is geweigerd",
                                     "A session was refused"},
    [AUDIT_EVENT_MESSAGE_REFUSED] = {"message.refused", "Een bericht is geweigerd",
                                     "A message was refused"},
    [AUDIT_EVENT_MESSAGE_CONFLICT] = {"message.conflict",
                                      "Een bericht kwam met hetzelfde nummer en andere inhoud",
                                      "A message came with a known id and other content"},
    [AUDIT_EVENT_MAIL_RAISED] = {"mail.raised",
                                 "Een postbus is opgehoogd tot wat de organisatie al ontving",
                                 "A mailbox was raised to what its agency has had"},
    [AUDIT_EVENT_ROSTER_ACCEPTED] = {"roster.accepted", "Een nieuwe deelnemerslijst is aanvaard",
                                     "A new roster was accepted"},
    [AUDIT_EVENT_ROSTER_REFUSED] = {"roster.refused", "Een deelnemerslijst is geweigerd",
                                    "A roster was refused"},
    [AUDIT_EVENT_POLICY_ACCEPTED] = {"policy.accepted", "Een nieuw grondslagenbestand is aanvaard",
                                     "A new policy file was accepted"},
    [AUDIT_EVENT_POLICY_REFUSED] = {"policy.refused", "Een grondslagenbestand is geweigerd",
                                    "A policy file was refused"},
    [AUDIT_EVENT_POLICY_IN_FORCE] = {"policy.in-force",
                                     "Een aangekondigd grondslagenbestand is ingegaan",
                                     "An announced policy file came in force"},
    [AUDIT_EVENT_ADOPTION_ACCEPTED] = {"adoption.accepted",
                                       "Een bronhouder heeft regels vastgesteld of ingetrokken",
                                       "A holder adopted or withdrew rules"},
    [AUDIT_EVENT_ADOPTION_REFUSED] = {"adoption.refused", "Een vaststelling is geweigerd",
                                      "An adoption was refused"},
    [AUDIT_EVENT_CERTIFICATE_REVOKED] = {"certificate.revoked", "Een certificaat is ingetrokken",
                                         "A certificate was revoked"},
    [AUDIT_EVENT_RENEWAL_ASKED] = {"renewal.asked",
                                   "Een organisatie vroeg de registrar om nieuwe certificaten",
                                   "An agency asked the registrar for new certificates"},
    [AUDIT_EVENT_EPOCH_ANNOUNCED] = {"epoch.announced",
                                     "Een nieuwe sleutelperiode is aangekondigd",
                                     "A new epoch was announced"},
    [AUDIT_EVENT_EPOCH_ACTIVATED] = {"epoch.activated", "Een sleutelperiode is ingegaan",
                                     "An epoch became active"},
    [AUDIT_EVENT_EPOCH_RETIRED] = {"epoch.retired", "Een sleutelperiode is afgesloten",
                                   "An epoch was retired"},
    [AUDIT_EVENT_EPOCH_COMPROMISED] = {"epoch.compromised",
                                       "Een sleutelperiode is als gelekt aangemerkt",
                                       "An epoch was declared compromised"},
    [AUDIT_EVENT_EPOCH_DESTROYED] = {"epoch.destroyed",
                                     "De sleutel van een sleutelperiode is vernietigd",
                                     "The key of an epoch was destroyed"},
    [AUDIT_EVENT_EPOCH_REFUSED] = {"epoch.refused",
                                   "Een uitspraak over sleutelperioden telt niet",
                                   "A word on epochs does not count"},
    [AUDIT_EVENT_KEY_DEALT] = {"key.dealt", "Een domeinsleutel is uitgereikt",
                               "A purpose key was dealt"},
    [AUDIT_EVENT_KEY_REFUSED] = {"key.refused", "Een uitgereikte domeinsleutel telt niet",
                                 "A dealt purpose key does not count"},
    [AUDIT_EVENT_REGISTRAR_ACTED] = {"registrar.acted",
                                     "De registrar heeft iets gedaan dat in de deelnemerslijst staat",
                                     "The registrar did what the roster says"},
    [AUDIT_EVENT_KEY_ENDING] = {"key.ending",
                                "Een sleutel of certificaat loopt binnenkort af",
                                "A key or certificate ends soon"},
    [AUDIT_EVENT_AGENCY_LOG_KEY] = {"agency-log.key", "De sleutel van het eigen logboek van een organisatie is vastgelegd",
                                    "The key of an agency's own log was put on record"},
    [AUDIT_EVENT_AGENCY_LOG_CONTRADICTED] = {"agency-log.contradicted",
                                             "Het eigen logboek van een organisatie sprak zichzelf tegen",
                                             "The own log of an agency contradicted itself"},
    [AUDIT_EVENT_BATCH_ACCEPTED] = {"batch.accepted", "Een levering van registraties is verwerkt",
                                    "A batch of records was taken in"},
    [AUDIT_EVENT_BATCH_REFUSED] = {"batch.refused", "Een levering van registraties is geweigerd",
                                   "A batch of records was refused"},
    [AUDIT_EVENT_IMPORT_ENDED] = {"import.ended", "Een volledige levering is afgerond",
                                  "An import was completed"},
    [AUDIT_EVENT_RECORDS_WITHDRAWN] = {"records.withdrawn", "Registraties zijn ingetrokken",
                                       "Records were withdrawn"},
    [AUDIT_EVENT_RECORDS_EXPIRED] = {"records.expired", "Registraties zijn verlopen en verwijderd",
                                     "Records expired and were removed"},
    [AUDIT_EVENT_CASE_CHANGED] = {"case.changed", "Een zaak kreeg een andere status",
                                  "A case changed its state"},
    [AUDIT_EVENT_REQUEST_ACCEPTED] = {"request.accepted", "Een verzoek is aangenomen",
                                      "A request was accepted"},
    [AUDIT_EVENT_REQUEST_REFUSED] = {"request.refused", "Een verzoek is geweigerd",
                                     "A request was refused"},
    [AUDIT_EVENT_REQUEST_MATCHED] = {"request.matched", "Een verzoek is vergeleken",
                                     "A request was matched"},
    [AUDIT_EVENT_REQUEST_CLOSED] = {"request.closed", "Een verzoek is gesloten",
                                    "A request was closed"},
    [AUDIT_EVENT_HIT_SHOWN] = {"hit.shown", "Een treffer is aan de bronhouder voorgelegd",
                               "A hit was put before the holder"},
    [AUDIT_EVENT_CONSENT_ACCEPTED] = {"consent.accepted",
                                      "Een instemming van de bronhouder is aangenomen",
                                      "A consent of the holder was accepted"},
    [AUDIT_EVENT_CONSENT_REFUSED] = {"consent.refused",
                                     "Een instemming voldeed niet en is geweigerd",
                                     "A consent did not hold and was refused"},
    [AUDIT_EVENT_DECISION_REFUSAL] = {"decision.refusal", "De bronhouder heeft geweigerd",
                                      "The holder refused"},
    [AUDIT_EVENT_CONFIRMATION_FORWARDED] = {"confirmation.forwarded",
                                            "Een bevestiging dat iets bekend is, is doorgegeven",
                                            "A confirmation that something is known went on"},
    [AUDIT_EVENT_RELEASE_FORWARDED] = {"release.forwarded", "Een verstrekking is doorgegeven",
                                       "A release was forwarded"},
    [AUDIT_EVENT_RELEASE_REFUSED] = {"release.refused", "Een verstrekking is geweigerd",
                                     "A release was refused"},
    [AUDIT_EVENT_RELEASE_RECEIVED] = {"release.received", "De ontvangst is bevestigd",
                                      "Receipt was confirmed"},
    [AUDIT_EVENT_FEEDBACK_FORWARDED] = {"feedback.forwarded", "Een terugmelding is doorgegeven",
                                        "Feedback was forwarded"},
    [AUDIT_EVENT_CORRECTION_FORWARDED] = {"correction.forwarded", "Een correctie is doorgegeven",
                                          "A correction was forwarded"},
    [AUDIT_EVENT_RECORD_RESTRICTED] = {"record.restricted",
                                       "Het gebruik van een registratie is beperkt",
                                       "Use of a record was restricted"},
    [AUDIT_EVENT_RIGHTS_REQUEST] = {"rights.request", "Een verzoek van een betrokkene is behandeld",
                                    "A data subject's request was handled"},
    [AUDIT_EVENT_COUNT_ANSWERED] = {"count.answered", "Een telling is beantwoord",
                                    "A count was answered"},
    [AUDIT_EVENT_COUNT_REFUSED] = {"count.refused", "Een telling is geweigerd",
                                   "A count was refused"},
    [AUDIT_EVENT_IMPORT_BEGUN] = {"import.begun", "Een levering is ingelezen en wordt verstuurd",
                                  "An import was read and is being sent"},
    [AUDIT_EVENT_REQUEST_SENT] = {"request.sent", "Een verzoek is ondertekend en verstuurd",
                                  "A request was signed and sent"},
    [AUDIT_EVENT_REQUEST_KEPT] = {"request.kept", "Langer bewaren van een verzoek is voorgesteld of bevestigd",
                                  "Keeping a request longer was proposed or confirmed"},
    [AUDIT_EVENT_RESULTS_SHOWN] = {"results.shown", "Een medewerker bekeek de resultaten van een verzoek",
                                   "A member of staff read the results of a request"},
    [AUDIT_EVENT_ITEM_RAISED] = {"item.raised", "Een vraag kwam in de postbus van de bronhouder",
                                 "A question came into the holder's inbox"},
    [AUDIT_EVENT_ITEM_SHOWN] = {"item.shown", "Een medewerker bekeek een vraag in de postbus",
                                "A member of staff read a question in the inbox"},
    [AUDIT_EVENT_ITEM_CLAIMED] = {"item.claimed", "Een medewerker nam een vraag in behandeling",
                                  "A member of staff claimed a question"},
    [AUDIT_EVENT_ITEM_CLOSED] = {"item.closed", "Vragen in de postbus zijn zonder beslissing gesloten",
                                 "Questions in the inbox closed without a decision"},
    [AUDIT_EVENT_DECISION_SIGNED] = {"decision.signed", "Een medewerker ondertekende een beslissing",
                                     "A member of staff signed a decision"},
    [AUDIT_EVENT_DECISION_STOPPED] = {"decision.stopped", "Een beslissing is tegengehouden voordat zij vertrok",
                                      "A decision was held back before it left"},
    [AUDIT_EVENT_PROTECTED_MET] = {"protected.met", "Afgeschermde personen zijn geraakt",
                                   "Protected persons were met"},
    [AUDIT_EVENT_PROTECTED_CHANGED] = {"protected.changed", "De lijst van afgeschermde personen is gewijzigd",
                                       "The list of protected persons was changed"},
    [AUDIT_EVENT_SEARCH_ASKED] = {"search.asked", "Voor een verzoek van een betrokkene is een zoekvraag voorgesteld",
                                  "A search was proposed for a data subject's request"},
    [AUDIT_EVENT_SEARCH_CONFIRMED] = {"search.confirmed", "Een tweede persoon bevestigde een zoekvraag en kreeg de uitkomst",
                                      "A second person confirmed a search and was shown what it found"},
    [AUDIT_EVENT_SEARCH_REFUSED] = {"search.refused", "Een zoekvraag is geweigerd", "A search was refused"},
    [AUDIT_EVENT_SEARCH_SHOWN] = {"search.shown", "De uitkomst van een zoekvraag is opnieuw bekeken",
                                  "What a search found was looked at again"},
    [AUDIT_EVENT_WITNESS_AWAY] = {"witness.away", "Een getuige kondigde afwezigheid aan, of is terug",
                                  "A witness announced that it will be away, or is back"},
};

static const struct event_words *words_of(enum audit_event e)
{
    static const struct event_words none = {"?", "?", "?"};
    unsigned i = (unsigned)e;
    return i == 0 || i >= AUDIT_EVENT_COUNT ? &none : &words[i];
}

const char *audit_event_id(enum audit_event e)
{
    return words_of(e)->id;
}

const char *audit_event_nl(enum audit_event e)
{
    return words_of(e)->nl;
}

const char *audit_event_en(enum audit_event e)
{
    return words_of(e)->en;
}

enum err audit_event_parse(struct bytes id, enum audit_event *out)
{
    for (unsigned i = 1; i < AUDIT_EVENT_COUNT; i++) {
        if (bytes_is(id, words[i].id)) {
            *out = (enum audit_event)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}
