/* See arguments.h. The rows below and those of the measurements make --help, the completion and
 * the manual page. */
#include "cli/arguments.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/option_row.h"
#include "wire/address.h"

static enum status take_v4(void *field, const char *arg, struct fault *fault)
{
    (void)arg;
    (void)fault;
    *(int *)field = AF_INET;
    return STATUS_OK;
}

static enum status take_v6(void *field, const char *arg, struct fault *fault)
{
    (void)arg;
    (void)fault;
    *(int *)field = AF_INET6;
    return STATUS_OK;
}

static enum status take_source(void *field, const char *arg, struct fault *fault)
{
    struct in6_addr *source = field;
    uint8_t v4[4];
    if (inet_pton(AF_INET, arg, v4) == 1)
        *source = address_from_v4(v4);
    else if (inet_pton(AF_INET6, arg, source) != 1)
        return fault_set(fault, STATUS_MALFORMED,
                         "--source takes an address of this host, not '%s'", arg);
    return STATUS_OK;
}

static enum status take_syn_like(void *field, const char *arg, struct fault *fault)
{
    const struct syn_like **like = field;
    *like = syn_like_find(arg);
    if (*like != NULL)
        return STATUS_OK;
    return fault_set(fault, STATUS_MALFORMED,
                     "--syn-like takes linux, windows, freebsd or bare, not '%s'", arg);
}

static const char *const colours[] = {"auto", "always", "never", NULL};

#define FIELD(member) .field = MEASURE_FIELD(struct arguments, member)
#define GIVEN(member) .given = MEASURE_FIELD(struct arguments, member)
#define RUN(member)   .of_run = true, .field = MEASURE_FIELD(struct measure_run, member)

static const struct measure_option common[] = {
    {NULL, '4', 1, MEASURE_TAKEN, NULL, "Use IPv4 only", FIELD(family), .take = take_v4},
    {NULL, '6', 1, MEASURE_TAKEN, NULL, "Use IPv6 only", FIELD(family), .take = take_v6},
    {"interface", 'I', 1, MEASURE_STRING, "NAME", "Send and capture on this interface",
     "Send and capture on this interface instead of the one that the route names.",
     FIELD(interface)},
    {"source", 'S', 1, MEASURE_TAKEN, "ADDRESS", "Our address; one that this host has",
     "Our address.\nIt must be one of this host.", FIELD(source), GIVEN(has_source),
     .take = take_source},
    {"numeric", 'n', 1, MEASURE_FLAG, NULL, "Take HOST and PORT as numbers, look nothing up",
     "Take _HOST_ and _PORT_ as numbers, look nothing up.", FIELD(numeric)},
    {"wait", 'W', 2, MEASURE_DURATION, "TIME",
     "How long to wait for an answer: to our SYN, to our FIN, to a figure's line "
     "(default 8s, ping 1s)",
     "How long to wait for the answer to our SYN, all retransmissions included (default 8s; "
     "*ping*, which retransmits nothing: 1s).\n"
     "For *open* also how long the peer may take over its FIN once it has acknowledged ours.",
     RUN(wait_ns)},
    {"deadline", 'w', 2, MEASURE_DURATION, "TIME",
     "End after this time, whatever has happened (default: open 1m, play 5m, synack and ping none)",
     "End after this time, whatever has happened; what is open is reset.\n"
     "Default: one minute for *open*, five for *play*, none for *ping*, nor for *synack*, which "
     "*--listen* bounds.",
     RUN(deadline_ns)},
    {"dry-run", 0, 3, MEASURE_FLAG, NULL,
     "Send nothing: show the run against an imagined ideal peer, or the figure as understood",
     "Send nothing: show the run against an imagined ideal peer, on an imagined clock.\n"
     "It looks up the target and the route, and needs no privilege.\n"
     "The numbers of the peer are made up, with an initial sequence number of 0, and there is no "
     "result.",
     FIELD(dry_run)},
    {"syn-like", 0, 5, MEASURE_TAKEN, "SYSTEM",
     "Options, window and TTL of linux (default), windows, freebsd or bare (MSS alone)",
     "Options and their order, window and TTL of *linux* (default), *windows*, *freebsd* or "
     "*bare*, which has no option but the MSS.",
     FIELD(like), .take = take_syn_like},
    {"mss", 0, 5, MEASURE_NUMBER, "N", "Announce this MSS (default: what the route's MTU allows)",
     "Announce this maximum segment size.\nThe default is what the MTU of the route allows.", 1,
     UINT16_MAX, FIELD(mss)},
    {"no-timestamps", 0, 5, MEASURE_CLEARS, NULL, "Leave the timestamps option out",
     FIELD(timestamps)},
    {"rfc-peer", 0, 5, MEASURE_FLAG, NULL,
     "Infer the peer's states by the RFCs alone, not by what stacks are known to do",
     "Infer the states of the peer by the RFCs alone.\nBy default the sets are wider: they also "
     "hold "
     "what stacks are known to do that no RFC lets them do, and what a box on the way may do in "
     "the "
     "peer's name.\nWith *--verbose* each change that rests on the RFCs alone says so.",
     FIELD(rfc_peer)},
    {"isn", 0, 5, MEASURE_NUMBER, "N", "Our initial sequence number (default: RFC 6528)",
     "Our initial sequence number.\nBy default it comes from a keyed hash and a clock, as RFC 6528 "
     "has it.",
     0, UINT32_MAX, FIELD(isn), GIVEN(has_isn)},
    {"win", 0, 5, MEASURE_NUMBER, "N", "Our receive window, in octets", NULL, 0, UINT16_MAX,
     FIELD(win), GIVEN(has_win)},
    {"sport", 0, 5, MEASURE_NUMBER, "PORT", "Our port (default: a free one)",
     "Our port (default: a free one).\nBelow 1024 it takes *CAP_NET_BIND_SERVICE*.", 1, UINT16_MAX,
     FIELD(sport)},
    {"ttl", 't', 5, MEASURE_NUMBER, "N", "TTL or hop limit of what we send", NULL, 1, UINT8_MAX,
     FIELD(ttl), GIVEN(has_ttl)},
    /* From here on those of every record, whatever it is of. */
    {"json", 0, 3, MEASURE_FLAG, NULL, "One JSON record a line on stdout, nothing else there",
     "Write one JSON record a line on standard output, and nothing else there.", FIELD(json)},
    {"pcapng", 0, 3, MEASURE_STRING, "FILE", "Write every segment, with our reasoning as comments",
     "Write every segment of the run, both directions, with its nanosecond stamp, and our "
     "reasoning "
     "as the packet's comment.\n\n"
     "For both, _FILE_ may be *-* for standard output, which only one output can have.",
     FIELD(pcapng)},
    {"mermaid", 0, 3, MEASURE_STRING, "FILE", "Write a mermaid sequence diagram", FIELD(mermaid)},
    {"quiet", 'q', 3, MEASURE_FLAG, NULL, "The result only, no ladder; of ping the statistics only",
     "The result only, no ladder; of *ping* the statistics only.", FIELD(quiet)},
    {"verbose", 'v', 3, MEASURE_FLAG, NULL, "Reasons and RFC sections, options, absolute numbers",
     "Show the reason of every change of state with its RFC section, each segment's window, TTL "
     "and options, its data (up to 256 octets), and sequence numbers as on the wire.",
     FIELD(verbose)},
    {"colour", 0, 3, MEASURE_WORD, "WHEN", "auto (default), always or never",
     "*auto* (default) colours a terminal's output, *always* and *never* do as they say.",
     .words = colours, FIELD(colour)},
    {"seed", 0, 4, MEASURE_NUMBER, "N", "Repeat a run: same source port, same sequence numbers",
     "Repeat a run: the same source ports, as far as they are free, and the same initial sequence "
     "numbers.\nThe timestamps option still follows the clock.\n"
     "Every run names its seed, in JSON and with *-v*.",
     0, ARGUMENTS_SEED_MAX, FIELD(seed), GIVEN(has_seed)},
    {0},
};

enum {
    COMMON = sizeof(common) / sizeof(common[0]) - 1,
    FIRST_OUTPUT = 15, /* "json" */
    ROWS_MAX = COMMON + 64,
    KEY_COMMON = 256, /* of options without a letter */
    KEY_OWN = 512,
};

const struct measure_option *arguments_common_at(size_t i)
{
    return i < COMMON ? &common[i] : NULL;
}

bool arguments_is_output(size_t i)
{
    return i >= FIRST_OUTPUT;
}

const struct measure_refusal *arguments_refused(const struct arguments *a,
                                                const struct measure_refusal *table)
{
    for (; table != NULL && table->option != NULL; table++) {
        for (size_t i = 0; i < COMMON; i++) {
            if ((a->given >> i & 1) != 0 && common[i].name != NULL &&
                strcmp(common[i].name, table->option) == 0)
                return table;
        }
    }
    return NULL;
}

error_t arguments_refuse(const struct argp_state *state, const char *fmt, ...)
{
    va_list ap;
    (void)fprintf(stderr, "%s: ", state->name);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    return EINVAL;
}

/* --- The tables as argp wants them --- */

struct parsing {
    struct arguments *a;
    void *state;
    struct argp_option options[ROWS_MAX];
    struct text helps[ROWS_MAX]; /* those that are put together here */
};

/* The words of an option that takes measurements stand in its help where there is a "@". */
static void spell_words(struct parsing *p, const struct measure_option *row, size_t i)
{
    struct text *help = &p->helps[i];
    size_t before = strcspn(row->help, "@");
    text_put(help, row->help, before);
    option_row_words(row, help);
    text_printf(help, "%s", row->help + before + 1);
    if (help->data != NULL)
        p->options[i].doc = help->data;
}

static void list_all(struct parsing *p)
{
    const struct measure *m = p->a->measure;
    int from = (m->can & MEASURE_IN_LAB) != 0 ? FIRST_OUTPUT : 0;
    size_t n = option_row_list(m->options, KEY_OWN, p->options);
    for (size_t i = 0; i < n; i++) {
        if (m->options[i].type == MEASURE_PROBE)
            spell_words(p, &m->options[i], i);
    }
    n += option_row_list(common + from, KEY_COMMON + from, p->options + n);
    p->options[n] = (struct argp_option){0};
}

static void forget(struct parsing *p)
{
    for (size_t i = 0; i < ROWS_MAX; i++)
        text_done(&p->helps[i]);
}

static int tell(const struct argp_state *state, enum status s, const struct fault *fault)
{
    return s == STATUS_OK ? 0 : arguments_refuse(state, "%s", fault->text);
}

static error_t take_own(struct parsing *p, const struct argp_state *state,
                        const struct measure_option *row, const char *arg)
{
    struct arguments *a = p->a;
    struct fault fault;
    size_t text = 0;
    if (row->type == MEASURE_OCTETS) {
        for (const struct measure_option *r = a->measure->options; r < row; r++)
            text += r->type == MEASURE_OCTETS;
        a->texts[text] = arg;
    }
    void *base = row->of_run ? (void *)&a->run : p->state;
    return tell(state, option_row_take(row, base, arg, &fault), &fault);
}

static error_t take_common(struct parsing *p, const struct argp_state *state, size_t i,
                           const char *arg)
{
    struct fault fault;
    void *base = common[i].of_run ? (void *)&p->a->run : (void *)p->a;
    p->a->given |= UINT64_C(1) << i;
    return tell(state, option_row_take(&common[i], base, arg, &fault), &fault);
}

static error_t take_operand(struct arguments *a, const struct argp_state *state, char *arg)
{
    if ((a->measure->can & MEASURE_IN_LAB) != 0)
        return arguments_refuse(state, "it takes no target: '%s' is one word too many", arg);
    if (a->words != NULL)
        a->words[a->word_count++] = arg;
    else if (a->measure->carrier == MEASURE_FIGURE && a->figure == NULL)
        a->figure = arg;
    else if (a->host == NULL)
        a->host = arg;
    else if (a->port_word == NULL)
        a->port_word = arg;
    else
        return arguments_refuse(state, "one target at a time: '%s' is one word too many", arg);
    return 0;
}

static error_t take_key(int key, char *arg, struct argp_state *state)
{
    struct parsing *p = state->input;
    if (key == ARGP_KEY_INIT) {
        state->err_stream = NULL; /* one line of complaint is enough: getopt's */
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        return take_operand(p->a, state, arg);
    const struct measure_option *row = option_row_of(p->a->measure->options, KEY_OWN, key);
    if (row != NULL)
        return take_own(p, state, row, arg);
    row = option_row_of(common, KEY_COMMON, key);
    return row != NULL ? take_common(p, state, (size_t)(row - common), arg) : ARGP_ERR_UNKNOWN;
}

/* --- What the line comes to --- */

/* All that is said, one text behind the other; each field says where its text ends. */
static enum status gather(struct arguments *a, void *state, struct fault *fault)
{
    const struct measure *m = a->measure;
    enum status s = STATUS_OK;
    size_t text = 0;
    const struct measure_option *o;
    for (size_t i = 0; (o = option_row_at(m->options, i)) != NULL; i++) {
        if (o->type != MEASURE_OCTETS)
            continue;
        if (a->texts[text] != NULL && s == STATUS_OK)
            s = option_row_say(&a->octets, a->texts[text], fault);
        text++;
        measure_store(&o->field, state, a->octets.len);
    }
    measure_store(&m->octets, state, (uintptr_t)a->octets.data);
    return s;
}

/* What of the options does not go together, or not with this measurement. */
static enum status check_combination(const struct arguments *a, struct fault *fault)
{
    const struct measure_refusal *refused = arguments_refused(a, a->measure->refused);
    if (refused != NULL)
        return fault_set(fault, STATUS_MALFORMED, "--%s %s", refused->option, refused->why);
    if (a->run.sessions > 1 && a->sport != 0)
        return fault_set(fault, STATUS_MALFORMED,
                         "--repeat needs a fresh port each time: leave --sport out");
    return STATUS_OK;
}

static const char *operands_of(const struct measure *m)
{
    if (m->operands != NULL)
        return m->operands;
    return (m->can & MEASURE_IN_LAB) != 0 ? NULL : "TARGET";
}

struct arguments arguments_defaults(const struct measure *m, bool patient)
{
    return (struct arguments){
        .measure = m,
        .family = AF_UNSPEC,
        .run = patient && m->patient.wait_ns != 0 ? m->patient : m->run,
        .like = syn_like_at(0),
        .timestamps = true,
    };
}

int arguments_parse(struct arguments *a, void *state, int argc, char **argv)
{
    const struct measure *m = a->measure;
    struct parsing p = {.a = a, .state = state};
    struct fault fault;
    struct text doc;
    bool many = m->carrier == MEASURE_TURNS || m->carrier == MEASURE_LIST;
    if (many)
        a->words = calloc((size_t)argc, sizeof(*a->words));
    if (many && a->words == NULL)
        return command_fail(m->name, "out of memory");
    text_init(&doc);
    text_printf(&doc, "%s\v%s", m->about, m->statuses);
    list_all(&p);
    const struct argp argp = {
        .options = p.options, .parser = take_key, .args_doc = operands_of(m), .doc = doc.data};
    argp_err_exit_status = EXIT_TROUBLE;
    bool wrong = argp_parse(&argp, argc, argv, 0, NULL, &p) != 0;
    forget(&p);
    text_done(&doc);
    if (wrong)
        return EXIT_TROUBLE;
    enum status s = check_combination(a, &fault);
    if (s == STATUS_OK)
        s = gather(a, state, &fault);
    return s == STATUS_OK ? 0 : command_fail(m->name, "%s", fault.text);
}

void arguments_done(struct arguments *a)
{
    free(a->words);
    a->words = NULL;
    text_done(&a->octets);
}

struct tx_config arguments_tx(const struct arguments *o, const struct in6_addr *first,
                              uint64_t rate)
{
    return (struct tx_config){
        .first = *first,
        .source = o->has_source ? &o->source : NULL,
        .ifname = o->interface,
        .like = o->like,
        .timestamps = o->timestamps,
        .mss = o->mss,
        .win = o->has_win ? o->win : o->like->win,
        .ttl = o->has_ttl ? o->ttl : o->like->ttl,
        .rate = rate,
    };
}
