/* `backlog` as a row: see backlog.h for what it does. */
#include "base/clock.h"
#include "measure/backlog/backlog.h"

static const char *const faces[] = {"no-syn-ack", "syn-ack-repeated", "silence", "reset", NULL};

static const struct measure_option options[] = {
    {"face", 0, 1, MEASURE_WORD, "HOW",
     "Show one face only: no-syn-ack, syn-ack-repeated, silence or reset",
     "Only the part that shows this face: one of the four words above.", .words = faces,
     .field = MEASURE_FIELD(struct backlog_asked, face),
     .given = MEASURE_FIELD(struct backlog_asked, has_face)},
    {"as-given", 0, 1, MEASURE_FLAG, NULL,
     "Change no setting: show what becomes of the callers under those that the lab was given",
     "One part in which no setting is changed: what becomes of the callers under those of "
     "*lab --sysctl*.\nNothing is expected then.",
     .field = MEASURE_FIELD(struct backlog_asked, as_given)},
    {"backlog", 0, 1, MEASURE_NUMBER, "N", "The listener's listen(N), 2 to 64 (default 4)",
     "The listener's *listen*(2) backlog, 2 to 64 (default 4, or that of *lab --backlog*).",
     BACKLOG_LEAST, BACKLOG_MOST, .field = MEASURE_FIELD(struct backlog_asked, backlog)},
    {"callers", 0, 1, MEASURE_NUMBER, "N",
     "How many fill the SYN queue, 1 to 100 (default: four more than N of --backlog)",
     "How many fill the SYN queue, 1 to 100 (default: four more than the backlog).", 1,
     BACKLOG_CALLERS_MOST, .field = MEASURE_FIELD(struct backlog_asked, callers)},
    {"watch", 0, 2, MEASURE_DURATION, "TIME", "How long a face is looked at (default 3.5s)",
     "How long a face is looked at (default 3.5s, in which Linux repeats a SYN-ACK twice).",
     .field = MEASURE_FIELD(struct backlog_asked, watch_ns)},
    {"deadline", 'w', 2, MEASURE_DURATION, "TIME",
     "End after this time, whatever has happened (default 2m)", "End after this time (default 2m).",
     .of_run = true, .field = MEASURE_FIELD(struct measure_run, deadline_ns)},
    {0},
};

#define FACE "no-syn-ack|syn-ack-repeated|silence|reset?"

/* With `role` a caller of a part of the story, else the part itself. */
static const struct measure_key keys[] = {
    {"part", "entries|cookies|abort|as-given", NULL, "", NULL},
    {"kernel_quiet", "boolean", NULL, "", NULL},
    {"capture_dropped", "count", NULL, "", NULL},
    {"backlog", "count", "of listen", "!role", NULL},
    {"settings", "settings?",
     "in force in the listener's namespace; null for one that this kernel does not show", "!role",
     NULL},
    {"half_open", "backlog_callers", "who filled the SYN queue", "!role", NULL},
    {"fillers", "backlog_callers", "who filled the accept queue", "!role", NULL},
    {"readings", "[{=}]",
     "the listener's kernel, by sock_diag and /proc/net/netstat; counters as grown since the part "
     "began",
     "!role", NULL},
    {"readings.moment", "before|syn-queue|freed|accept-queue|watched|accepted|recovered|cleared",
     NULL, "", NULL},
    {"readings.accept_queue", "count", NULL, "", NULL},
    {"readings.accept_limit", "count", "the queue is full when it holds one more", "", NULL},
    {"readings.syn_queue", "count", NULL, "", NULL},
    {"readings.counters", "counts", NULL, "", NULL},
    {"early", "backlog_watched?", "the early caller; null when it did not come to that", "!role",
     NULL},
    {"late", "backlog_watched?", "the late one; null when it did not come to that", "!role", NULL},
    {"recovered", "boolean?",
     "a new caller got through at the end; null when it did not come to "
     "that",
     "!role", NULL},
    {"role", "half-open|early|filler|late|new", "of a caller", NULL, NULL},
    {"local", "endpoint", NULL, "role", NULL},
    {"answered", "boolean", "by a SYN-ACK", "role", NULL},
    {"cookie", "boolean?",
     "the listener's kernel kept no entry behind the SYN-ACK; null when it was not asked", "role",
     NULL},
    {"syn_acks_us", "[microseconds]<=16", "when they came, counted from our first SYN", "role",
     NULL},
    {"syn_acks_after_ack", "count", NULL, "role", NULL},
    {"acknowledged", "boolean", "an ACK of the SYN-ACK left us", "role", NULL},
    {"data_sent", "count", "octets", "role", NULL},
    {"reset", "boolean", "by the listener", "role", NULL},
    {"through", "boolean", "the listener acknowledged our data", "role", NULL},
    {"face", FACE,
     "what a listener whose accept queue is full does with a caller; null for none of it", "role",
     NULL},
    {0},
};

static const struct measure_key callers_keys[] = {
    {"callers", "count", NULL, "", NULL},
    {"answered", "count", NULL, "", NULL},
    {"cookies", "count", "of the answered, those without an entry", "", NULL},
    {0},
};

static const struct measure_key watched_keys[] = {
    {"session", "session>=1", NULL, "", NULL}, {"face", FACE, NULL, "", NULL},
    {"expected", FACE, NULL, "", NULL},        {"through", "boolean", NULL, "", NULL},
    {"reset", "boolean", NULL, "", NULL},      {0},
};

static const struct measure_key summary_keys[] = {
    {"faces", "{=}", "each true if it was seen", NULL, NULL},
    {"faces.no-syn-ack", "boolean", NULL, "", NULL},
    {"faces.syn-ack-repeated", "boolean", NULL, "", NULL},
    {"faces.silence", "boolean", NULL, "", NULL},
    {"faces.reset", "boolean", NULL, "", NULL},
    {0},
};

static const struct measure_record records[] = {
    {"backlog", "With `role` a caller of a part of the story, else the part itself.", keys, NULL,
     false},
    {"backlog_callers", NULL, callers_keys, NULL, true},
    {"backlog_watched", "A caller who was watched.", watched_keys, NULL, true},
    {"backlog_summary", NULL, summary_keys, NULL, false},
    {0},
};

static const struct backlog_asked defaults = {.watch_ns = 7 * CLOCK_S / 2};

const struct measure backlog_measure = {
    .name = "backlog",
    .summary = "a listener's two queues and the faces of a full one (in the lab)",
    .about = "Fills the SYN queue and the accept queue of a listener that accepts nobody, shows "
             "what it does with those who call, the lengths of both queues from its kernel, and "
             "how it recovers. A full accept queue has four faces; each is brought about by the "
             "settings that cause it. Only in the lab: 'tcpshake lab backlog'.",
    .statuses = "Exit status: 0 every face was seen where it was expected, 1 not so, 2 usage or "
                "system error, 3 interrupted.",
    .carrier = MEASURE_QUEUES,
    .can = MEASURE_IN_LAB,
    .run = {.deadline_ns = 2 * CLOCK_MIN, .sessions = 1},
    .options = options,
    .records = records,
    .size = sizeof(struct backlog_asked),
    .state = &defaults,
    .lab_app = "idle",
};
