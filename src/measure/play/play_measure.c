/* `play` as a row: see play.h for what it does. */
#include <string.h>

#include "base/clock.h"
#include "measure/play/play.h"

static enum status take_end(void *field, const char *arg, struct fault *fault)
{
    enum end *us = field;
    bool a = strcmp(arg, "A") == 0 || strcmp(arg, "a") == 0;
    if (!a && strcmp(arg, "B") != 0 && strcmp(arg, "b") != 0)
        return fault_set(fault, STATUS_MALFORMED, "--as takes A or B, not '%s'", arg);
    *us = a ? END_A : END_B;
    return STATUS_OK;
}

static const struct measure_option options[] = {
    {"as", 0, 6, MEASURE_TAKEN, "A|B", "Which of the figure's ends we are (default A)",
     "Which of the two ends we are (default A).", .take = take_end,
     .field = MEASURE_FIELD(struct play, us), .given = MEASURE_FIELD(struct play, us_given)},
    {"say", 0, 6, MEASURE_OCTETS, "TEXT",
     "Say this to a peer that must be made to talk or to close; \\r \\n \\t \\0 \\\\ \\xHH are "
     "escapes, @FILE reads a file",
     "Say this to a peer that closes or talks only when it has been told something, when the "
     "figure "
     "has it close or talk.\n_TEXT_ is as for *open*.",
     .field = MEASURE_FIELD(struct play, say_len)},
    {"keep-going", 0, 6, MEASURE_FLAG, NULL, "Go on after a line that is not as figured", NULL,
     .field = MEASURE_FIELD(struct play, keep_going)},
    {0},
};

static const struct measure_key keys[] = {
    {"figure", "word", "its name in the library, or of its file", "", NULL},
    {"title", "string", NULL, "", NULL},
    {"verdict", "as-figured|deviates|unknown",
     "unknown: nothing deviates, and not every line could be judged", "", NULL},
    {"alternative", "word?",
     "the names of the alternatives that were found, with a comma and a blank between; null when "
     "there is none",
     "", NULL},
    {"first_deviation", "first_line", "line, source_line, text, or null", "", NULL},
    {"first_unknown", "first_line", "line, source_line, text, or null", "", NULL},
    {"lines", "{=}", "how many lines turned out how; those of a repetition count each time", "",
     NULL},
    {"lines.ok", "count", NULL, "", NULL},
    {"lines.deviates", "count", NULL, "", NULL},
    {"lines.unknown", "count", NULL, "", NULL},
    {"lines.not_reached", "count", NULL, "", NULL},
    {"outcome", "never", NULL, NULL, NULL},
    {"capture_dropped", "count", NULL, "", NULL},
    {0},
};

/* The verdict, the first lines and the counts say the same. */
static const char agreement[] =
    "{\"allOf\":["
    "{\"if\":{\"properties\":{\"verdict\":{\"const\":\"deviates\"}}},"
    "\"then\":{\"properties\":{\"first_deviation\":{\"type\":\"object\"}}},"
    "\"else\":{\"properties\":{\"first_deviation\":{\"type\":\"null\"}}}},"
    "{\"if\":{\"properties\":{\"verdict\":{\"const\":\"as-figured\"}}},"
    "\"then\":{\"properties\":{\"first_unknown\":{\"type\":\"null\"},"
    "\"lines\":{\"properties\":{\"deviates\":{\"const\":0},\"unknown\":{\"const\":0},"
    "\"not_reached\":{\"const\":0}}}}}}]}";

static const struct measure_record records[] = {{"play", NULL, keys, agreement, false}, {0}};

const struct measure play_measure = {
    .name = "play",
    .operands = "FIGURE [TARGET]",
    .summary = "a figure of RFC 9293, or your own, run against a peer",
    .about = "Runs a figure, the ladder notation of RFC 9293, against a peer: sends what our end "
             "of it sends, awaits what the other end sends, and holds both columns against what "
             "happens. FIGURE is one of the library ('tcpshake figures' lists it) or a file.",
    .statuses = "Exit status: 0 as figured, 1 deviates, 2 usage or system error, 3 unknown.",
    .carrier = MEASURE_FIGURE,
    .can = MEASURE_LAB_EYES,
    .run = {.wait_ns = 8 * CLOCK_S, .deadline_ns = 5 * CLOCK_MIN, .tries = 3, .sessions = 1},
    .options = options,
    .records = records,
    .size = sizeof(struct play),
    .wait = MEASURE_FIELD(struct play, reply_wait_ns),
    .octets = MEASURE_FIELD(struct play, say),
    .lab_app = "cue",
};
