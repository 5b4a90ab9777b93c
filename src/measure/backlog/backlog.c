/* See backlog.h. How Linux keeps the queues: a SYN's entry is in the SYN queue until the handshake
 * is complete; then, if the accept queue has room, it becomes a connection there (listen(2),
 * tcp(7)). A SYN that comes while the accept queue is full is dropped. */
#include "measure/backlog/backlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "talk/numbers.h"

/* Within this a listener has answered, and no SYN,ACK is repeated yet. */
#define ANSWER_WAIT  (300 * CLOCK_MS)
#define SETTLE_WAIT  (100 * CLOCK_MS)
#define RECOVER_WAIT (1500 * CLOCK_MS)

enum {
    SPARE_FILLERS = 3 /* tried beyond what the queue should hold */
};

const struct backlog_part *backlog_part_at(size_t i)
{
    static const struct backlog_part parts[] = {
        {"entries",
         {"net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=0"},
         true,
         OVERFLOW_SYN_ACK_REPEATED,
         OVERFLOW_NO_SYN_ACK},
        {"cookies",
         {"net.ipv4.tcp_syncookies=1", "net.ipv4.tcp_abort_on_overflow=0"},
         true,
         OVERFLOW_SILENCE,
         OVERFLOW_NO_SYN_ACK},
        {"abort",
         {"net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=1"},
         true,
         OVERFLOW_RESET,
         OVERFLOW_NO_SYN_ACK},
    };
    return i < sizeof(parts) / sizeof(parts[0]) ? &parts[i] : NULL;
}

const struct backlog_part *backlog_part_as_given(void)
{
    static const struct backlog_part part = {.name = "as-given"};
    return &part;
}

static const struct backlog_part *current(const struct backlog *b)
{
    return b->config->parts[b->part];
}

static enum status read_moment(struct backlog *b, enum backlog_moment m, struct fault *fault)
{
    const struct upper *u = &b->config->upper;
    enum status s = u->queues(u->arg, &b->readings[m], fault);
    b->read[m] = s == STATUS_OK;
    return s;
}

static void await(struct backlog *b, enum backlog_moment m, int64_t wake_ns)
{
    b->moment = m;
    b->wake_ns = wake_ns;
}

static enum status add(struct backlog *b, enum client_role role, bool completes, int64_t now_ns,
                       struct talks_entry **out, struct fault *fault)
{
    const struct backlog_config *c = b->config;
    struct client *caller = b->ports < BACKLOG_PORTS ? calloc(1, sizeof(*caller)) : NULL;
    if (caller == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "no more callers");
    *caller = (struct client){.role = role, .part = current(b)->name, .completes = completes};
    struct talks_new made = {
        .config = c->base, .script = client_script(), .state = caller, .record = TALKS_KEPT};
    made.config.session = ++b->session;
    made.config.local.port = (uint16_t)(c->first_port + b->ports++);
    made.config.deadline_ns = CLOCK_NEVER;
    numbers_fill(&c->key, c->repeatable ? 0 : now_ns, &made.config);
    struct talks_entry *e = talks_begin(&b->talks, &made, now_ns);
    if (e == NULL) {
        free(caller);
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    }
    if (out != NULL)
        *out = e;
    return STATUS_OK;
}

static void drop(struct backlog *b, struct talks_entry *e)
{
    struct client *caller = backlog_client(e);
    talks_drop(&b->talks, e);
    free(caller);
}

/* In the record of those that people see. */
static void remark(struct backlog *b, const char *what, enum backlog_moment m, int64_t now_ns)
{
    struct talks_entry *const watched[] = {b->early, b->late};
    const struct queues *q = &b->readings[m];
    char text[160];
    (void)snprintf(text, sizeof(text),
                   "%s: accept queue %" PRIu32 ", limit %" PRIu32 "; SYN queue %" PRIu32, what,
                   q->accept_len, q->accept_max, q->syn_len);
    for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
        if (watched[i] == NULL)
            continue;
        watched[i]->talk.now_ns = now_ns;
        talk_remark(&watched[i]->talk, text);
    }
}

/* The listener is a new one: what waits in the queues of the last is gone. */
static enum status apply_settings(struct backlog *b, struct fault *fault)
{
    const struct upper *u = &b->config->upper;
    char backlog[32];
    enum status s = STATUS_OK;
    for (const char *const *a = current(b)->settings; s == STATUS_OK && *a != NULL; a++)
        s = u->call(u->arg, NULL, CALL_SET, *a, strlen(*a), fault);
    (void)snprintf(backlog, sizeof(backlog), "backlog=%d", b->config->backlog);
    if (s == STATUS_OK)
        s = u->call(u->arg, NULL, CALL_SET, backlog, strlen(backlog), fault);
    if (s == STATUS_OK)
        s = u->call(u->arg, NULL, CALL_STOP_LISTENING, NULL, 0, fault);
    return s == STATUS_OK ? u->call(u->arg, NULL, CALL_LISTEN, NULL, 0, fault) : s;
}

static enum status begin_part(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    enum status s = apply_settings(b, fault);
    b->part_session = ++b->session;
    b->early = b->late = b->new = b->filler = NULL;
    for (enum backlog_moment m = 0; m < BACKLOG_MOMENTS; m++)
        b->read[m] = false;
    if (s == STATUS_OK)
        s = read_moment(b, BACKLOG_BEFORE, fault);
    for (unsigned i = 0; s == STATUS_OK && i < b->config->callers; i++)
        s = add(b, CLIENT_HALF_OPEN, false, now_ns, NULL, fault);
    await(b, BACKLOG_SYN_QUEUE, now_ns + ANSWER_WAIT);
    return s;
}

/* --- What is done at each moment, once its time has come --- */

/* Who was answered by what, and who of them is looked at later: rather one with a cookie. */
static enum status examine_half_open(struct backlog *b, struct fault *fault)
{
    const struct upper *u = &b->config->upper;
    enum status s = STATUS_OK;
    for (struct talks_entry *e = talks_oldest(&b->talks); e != NULL; e = talks_younger(e)) {
        enum state state = STATE_CLOSED;
        if (backlog_client(e)->syn_acks == 0)
            continue;
        s = u->state(u->arg, &e->talk.config.local, &state, fault);
        if (s != STATUS_OK)
            return s;
        client_entry(backlog_client(e), state == STATE_SYN_RECEIVED);
        if (b->early == NULL || (backlog_client(b->early)->entry && state != STATE_SYN_RECEIVED))
            b->early = e;
    }
    return s;
}

static enum status syn_queue_filled(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    enum status s = read_moment(b, BACKLOG_SYN_QUEUE, fault);
    if (s == STATUS_OK)
        s = examine_half_open(b, fault);
    if (s != STATUS_OK)
        return s;
    if (b->early != NULL)
        backlog_client(b->early)->role = CLIENT_EARLY;
    remark(b, "the SYN queue is as full as it gets", BACKLOG_SYN_QUEUE, now_ns);
    for (struct talks_entry *e = talks_oldest(&b->talks); e != NULL; e = talks_younger(e)) {
        if (e == b->early)
            continue;
        talk_stop(&e->talk, SCRIPT_STOP_DEADLINE, now_ns);
        talks_settle(&b->talks, e);
    }
    await(b, BACKLOG_FREED, now_ns + SETTLE_WAIT);
    return STATUS_OK;
}

static enum status syn_queue_freed(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    enum status s = read_moment(b, BACKLOG_FREED, fault);
    if (s == STATUS_OK)
        s = add(b, CLIENT_FILLER, true, now_ns, &b->filler, fault);
    await(b, BACKLOG_ACCEPT_QUEUE, now_ns + ANSWER_WAIT);
    return s;
}

static size_t fillers(const struct backlog *b)
{
    size_t n = 0;
    for (const struct talks_entry *e = talks_oldest(&b->talks); e != NULL; e = talks_younger(e))
        n += backlog_client(e)->role == CLIENT_FILLER;
    return n;
}

/* One filler after the other, so that none of them is refused for the sake of the SYN queue. */
static enum status filler_done(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    enum status s = read_moment(b, BACKLOG_ACCEPT_QUEUE, fault);
    if (s != STATUS_OK)
        return s;
    const struct queues *q = &b->readings[BACKLOG_ACCEPT_QUEUE];
    bool full = q->accept_len > q->accept_max;
    bool enough = fillers(b) > (size_t)b->config->backlog + SPARE_FILLERS;
    if (!full && !enough) {
        b->wake_ns = now_ns + ANSWER_WAIT;
        return add(b, CLIENT_FILLER, true, now_ns, &b->filler, fault);
    }
    s = add(b, CLIENT_LATE, false, now_ns, &b->late, fault);
    remark(b, full ? "the accept queue is full" : "the accept queue does not fill",
           BACKLOG_ACCEPT_QUEUE, now_ns);
    if (b->early != NULL) {
        client_complete(&b->early->talk);
        talks_settle(&b->talks, b->early);
    }
    await(b, BACKLOG_WATCHED, now_ns + b->config->watch_ns);
    return s;
}

static enum status watched(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    const struct upper *u = &b->config->upper;
    enum status s = read_moment(b, BACKLOG_WATCHED, fault);
    for (struct talks_entry *e = talks_oldest(&b->talks); e != NULL; e = talks_younger(e))
        client_judge(&e->talk, now_ns);
    if (s == STATUS_OK)
        s = u->call(u->arg, NULL, CALL_ACCEPT, NULL, 0, fault);
    await(b, BACKLOG_ACCEPTED, now_ns + SETTLE_WAIT);
    return s;
}

static void call_again(struct backlog *b, struct talks_entry *e)
{
    if (e == NULL)
        return;
    client_again(&e->talk);
    talks_settle(&b->talks, e);
}

static enum status accepted(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    enum status s = read_moment(b, BACKLOG_ACCEPTED, fault);
    if (s != STATUS_OK)
        return s;
    remark(b, "the application accepts", BACKLOG_ACCEPTED, now_ns);
    call_again(b, b->early);
    call_again(b, b->late);
    await(b, BACKLOG_RECOVERED, now_ns + RECOVER_WAIT);
    return add(b, CLIENT_NEW, true, now_ns, &b->new, fault);
}

static enum status recovered(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    enum status s = read_moment(b, BACKLOG_RECOVERED, fault);
    talks_end(&b->talks, SCRIPT_STOP_DEADLINE, now_ns);
    await(b, BACKLOG_CLEARED, now_ns + SETTLE_WAIT);
    return s;
}

/* People see those who are watched, but for who sees what another has seen before. */
static bool is_shown(struct backlog *b, const struct client *c)
{
    if (c->role != CLIENT_EARLY && c->role != CLIENT_LATE)
        return false;
    bool shown = c->face == OVERFLOW_NONE || !b->shown[c->face];
    b->shown[c->face] = true;
    return shown;
}

/* Tells of everybody and lets them go; the worst exit code. */
static int tell_all(struct backlog *b, int64_t now_ns)
{
    int worst = 0;
    for (struct talks_entry *e; (e = talks_oldest(&b->talks)) != NULL;) {
        int exit_code = talks_tell(&b->talks, e, !is_shown(b, backlog_client(e)), now_ns);
        worst = exit_code > worst ? exit_code : worst;
        drop(b, e);
    }
    b->early = b->late = b->new = b->filler = NULL;
    return worst;
}

static enum status cleared(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    enum status s = read_moment(b, BACKLOG_CLEARED, fault);
    int part = backlog_report_part(b, now_ns);
    int worst = tell_all(b, now_ns);
    worst = part > worst ? part : worst;
    b->exit_code = worst > b->exit_code ? worst : b->exit_code;
    b->parts_told++;
    if (s != STATUS_OK)
        return s;
    if (!b->interrupted && b->part + 1 < b->config->part_count) {
        b->part++;
        return begin_part(b, now_ns, fault);
    }
    b->over = true;
    backlog_report_whole(b, now_ns);
    return STATUS_OK;
}

/* --- Going on --- */

static bool settled(const struct talks_entry *e)
{
    return e == NULL || backlog_client(e)->through_ns != 0 || backlog_client(e)->reset_ns != 0;
}

/* Whether there is nothing left to wait for. */
static bool ripe(const struct backlog *b, int64_t now_ns)
{
    if (now_ns >= b->wake_ns)
        return true;
    if (b->moment == BACKLOG_ACCEPT_QUEUE)
        return backlog_client(b->filler)->through_ns != 0;
    return b->moment == BACKLOG_RECOVERED && settled(b->early) && settled(b->late) &&
           settled(b->new);
}

/* Nothing of ours is on its way out. */
static bool idle(const struct backlog *b)
{
    for (const struct talks_entry *e = talks_oldest(&b->talks); e != NULL; e = talks_younger(e)) {
        if (e->talk.ours.outbox.waiting || e->talk.ours.outbox.queued > 0)
            return false;
    }
    return true;
}

static enum status begin(void *arg, int64_t now_ns, struct fault *fault)
{
    return begin_part(arg, now_ns, fault);
}

static void stop(void *arg, int64_t now_ns)
{
    struct backlog *b = arg;
    b->interrupted = true;
    if (!b->over && b->moment != BACKLOG_CLEARED)
        await(b, BACKLOG_CLEARED, now_ns + SETTLE_WAIT);
}

static enum status go_on(void *arg, int64_t now_ns, struct fault *fault)
{
    static enum status (*const acts[])(struct backlog * b, int64_t now_ns, struct fault * fault) = {
        [BACKLOG_SYN_QUEUE] = syn_queue_filled,
        [BACKLOG_FREED] = syn_queue_freed,
        [BACKLOG_ACCEPT_QUEUE] = filler_done,
        [BACKLOG_WATCHED] = watched,
        [BACKLOG_ACCEPTED] = accepted,
        [BACKLOG_RECOVERED] = recovered,
        [BACKLOG_CLEARED] = cleared,
    };
    struct backlog *b = arg;
    if (b->timeline->status != STATUS_OK && !b->interrupted) {
        talks_end(&b->talks, SCRIPT_STOP_INTERRUPT, now_ns); /* nobody can read what we find */
        stop(b, now_ns);
    }
    while (talks_take_ended(&b->talks) != NULL) { /* they stay until their part is told */
    }
    return ripe(b, now_ns) && idle(b) ? acts[b->moment](b, now_ns, fault) : STATUS_OK;
}

/* What is on its way is waited for a moment, by the packets that come or by the clock. */
static int64_t deadline(const void *arg)
{
    const struct backlog *b = arg;
    return b->wake_ns > b->talks.now_ns ? b->wake_ns : b->talks.now_ns + CLOCK_MS;
}

static bool over(const void *arg)
{
    return ((const struct backlog *)arg)->over;
}

static void progress(const void *arg, int64_t now_ns, char *out, size_t cap)
{
    static const char *const doings[] = {
        [BACKLOG_SYN_QUEUE] = "filling the SYN queue",
        [BACKLOG_FREED] = "resetting all but one of its callers",
        [BACKLOG_ACCEPT_QUEUE] = "filling the accept queue",
        [BACKLOG_WATCHED] = "watching what becomes of two callers",
        [BACKLOG_ACCEPTED] = "the application accepts",
        [BACKLOG_RECOVERED] = "who gets through now?",
        [BACKLOG_CLEARED] = "resetting everybody",
    };
    const struct backlog *b = arg;
    (void)now_ns;
    (void)snprintf(out, cap, "part %zu of %zu, %s: %s", b->part + 1, b->config->part_count,
                   current(b)->name, doings[b->moment]);
}

enum status backlog_init(struct backlog *b, const struct backlog_config *config,
                         struct timeline *timeline, struct fault *fault)
{
    const struct talks_config talks = {.key = config->key,
                                       .timeline = timeline,
                                       .plan = {.begin = begin,
                                                .go_on = go_on,
                                                .deadline = deadline,
                                                .stop = stop,
                                                .over = over,
                                                .progress = progress,
                                                .arg = b}};
    memset(b, 0, sizeof(*b));
    b->config = config;
    b->timeline = timeline;
    for (size_t i = 0; i < config->part_count; i++) {
        b->wanted[config->parts[i]->early] = b->wanted[config->parts[i]->late] = true;
    }
    b->wanted[OVERFLOW_NONE] = false;
    return talks_init(&b->talks, &talks, fault);
}

void backlog_done(struct backlog *b)
{
    for (struct talks_entry *e; (e = talks_oldest(&b->talks)) != NULL;)
        drop(b, e);
    talks_done(&b->talks);
}
