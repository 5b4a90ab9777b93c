/* See backlog.h. How Linux keeps the queues: a SYN's entry is in the SYN queue until the handshake
 * is complete; then, if the accept queue has room, it becomes a connection there (listen(2),
 * tcp(7)). A SYN that comes while the accept queue is full is dropped. */
#include "measure/backlog/backlog.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "measure/backlog/backlog_report.h"

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

static enum status measure(struct backlog *b, struct queues *q, struct fault *fault)
{
    const struct backlog_hands *h = &b->config->hands;
    return h->measure(h->arg, q, fault);
}

static enum status read_moment(struct backlog *b, enum backlog_moment m, struct fault *fault)
{
    enum status s = measure(b, &b->readings[m], fault);
    b->read[m] = s == STATUS_OK;
    return s;
}

static void await(struct backlog *b, enum backlog_moment m, int64_t wake_ns)
{
    b->moment = m;
    b->wake_ns = wake_ns;
}

static enum status add(struct backlog *b, enum client_role role, bool completes, int64_t now_ns,
                       struct crowd_member **out, struct fault *fault)
{
    struct crowd_member *m = crowd_add(b->crowd, role, current(b)->name, completes, now_ns);
    if (out != NULL)
        *out = m;
    return m != NULL ? STATUS_OK : fault_set(fault, STATUS_NO_MEMORY, "no more callers");
}

/* In the record of those that people see. */
static void remark(struct backlog *b, const char *what, enum backlog_moment m, int64_t now_ns)
{
    struct crowd_member *const watched[] = {b->early, b->late};
    const struct queues *q = &b->readings[m];
    char text[160];
    (void)snprintf(text, sizeof(text),
                   "%s: accept queue %" PRIu32 ", limit %" PRIu32 "; SYN queue %" PRIu32, what,
                   q->accept_len, q->accept_max, q->syn_len);
    for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
        if (watched[i] == NULL)
            continue;
        watched[i]->exchange.now_ns = now_ns;
        talk_remark(&watched[i]->exchange, text);
    }
}

static enum status apply_settings(struct backlog *b, struct fault *fault)
{
    const struct backlog_hands *h = &b->config->hands;
    char backlog[32];
    enum status s = STATUS_OK;
    for (const char *const *a = current(b)->settings; s == STATUS_OK && *a != NULL; a++)
        s = h->set(h->arg, *a, fault);
    (void)snprintf(backlog, sizeof(backlog), "backlog=%d", b->config->backlog);
    if (s == STATUS_OK)
        s = h->set(h->arg, backlog, fault);
    return s == STATUS_OK ? h->listen(h->arg, fault) : s;
}

static enum status begin_part(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    enum status s = apply_settings(b, fault);
    b->first = b->crowd->count;
    b->part_session = ++b->crowd->session;
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
    const struct backlog_hands *h = &b->config->hands;
    enum status s = STATUS_OK;
    for (size_t i = b->first; s == STATUS_OK && i < b->crowd->count; i++) {
        struct crowd_member *m = b->crowd->members[i];
        bool entry = false;
        if (m->caller.syn_acks == 0)
            continue;
        s = h->has_entry(h->arg, &m->exchange.config.local, &entry, fault);
        if (s != STATUS_OK)
            return s;
        client_entry(&m->caller, entry);
        if (b->early == NULL || (b->early->caller.entry && !entry))
            b->early = m;
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
        b->early->caller.role = CLIENT_EARLY;
    remark(b, "the SYN queue is as full as it gets", BACKLOG_SYN_QUEUE, now_ns);
    for (size_t i = b->first; i < b->crowd->count; i++) {
        if (b->crowd->members[i] != b->early)
            talk_stop(&b->crowd->members[i]->exchange, SCRIPT_STOP_DEADLINE, now_ns);
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
    for (size_t i = b->first; i < b->crowd->count; i++)
        n += b->crowd->members[i]->caller.role == CLIENT_FILLER;
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
    if (b->early != NULL)
        client_complete(&b->early->exchange);
    await(b, BACKLOG_WATCHED, now_ns + b->config->watch_ns);
    return s;
}

static enum status watched(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    const struct backlog_hands *h = &b->config->hands;
    enum status s = read_moment(b, BACKLOG_WATCHED, fault);
    for (size_t i = b->first; i < b->crowd->count; i++)
        client_judge(&b->crowd->members[i]->exchange, now_ns);
    if (s == STATUS_OK)
        s = h->accept(h->arg, fault);
    await(b, BACKLOG_ACCEPTED, now_ns + SETTLE_WAIT);
    return s;
}

static enum status accepted(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    enum status s = read_moment(b, BACKLOG_ACCEPTED, fault);
    if (s != STATUS_OK)
        return s;
    remark(b, "the application accepts", BACKLOG_ACCEPTED, now_ns);
    if (b->early != NULL)
        client_again(&b->early->exchange);
    if (b->late != NULL)
        client_again(&b->late->exchange);
    await(b, BACKLOG_RECOVERED, now_ns + RECOVER_WAIT);
    return add(b, CLIENT_NEW, true, now_ns, &b->new, fault);
}

static void end_all(struct backlog *b, int64_t now_ns)
{
    for (size_t i = b->first; i < b->crowd->count; i++)
        talk_stop(&b->crowd->members[i]->exchange, SCRIPT_STOP_DEADLINE, now_ns);
}

static enum status recovered(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    enum status s = read_moment(b, BACKLOG_RECOVERED, fault);
    end_all(b, now_ns);
    await(b, BACKLOG_CLEARED, now_ns + SETTLE_WAIT);
    return s;
}

/* People see those who are watched, but for who sees what another has seen before. */
static bool is_shown(void *arg, const struct client *c)
{
    struct backlog *b = arg;
    if (c->role != CLIENT_EARLY && c->role != CLIENT_LATE)
        return false;
    bool shown = c->face == OVERFLOW_NONE || !b->shown[c->face];
    b->shown[c->face] = true;
    return shown;
}

static enum status cleared(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    enum status s = read_moment(b, BACKLOG_CLEARED, fault);
    int part = backlog_report_part(b, now_ns);
    int worst = crowd_tell(b->crowd, b->first, is_shown, b, b->timeline, now_ns);
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

static bool settled(const struct crowd_member *m)
{
    return m == NULL || m->caller.through_ns != 0 || m->caller.reset_ns != 0;
}

/* Whether there is nothing left to wait for. */
static bool ripe(const struct backlog *b, int64_t now_ns)
{
    if (now_ns >= b->wake_ns)
        return true;
    if (b->moment == BACKLOG_ACCEPT_QUEUE)
        return b->filler->caller.through_ns != 0;
    return b->moment == BACKLOG_RECOVERED && settled(b->early) && settled(b->late) &&
           settled(b->new);
}

enum status backlog_init(struct backlog *b, const struct backlog_config *config,
                         struct crowd *crowd, struct timeline *timeline, int64_t now_ns,
                         struct fault *fault)
{
    *b = (struct backlog){.config = config, .crowd = crowd, .timeline = timeline};
    for (size_t i = 0; i < config->part_count; i++) {
        b->wanted[config->parts[i]->early] = b->wanted[config->parts[i]->late] = true;
    }
    b->wanted[OVERFLOW_NONE] = false;
    enum status s = begin_part(b, now_ns, fault);
    return s == STATUS_OK ? crowd_pump(crowd, now_ns, fault) : s;
}

enum status backlog_go_on(struct backlog *b, int64_t now_ns, struct fault *fault)
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
    enum status s = STATUS_OK;
    if (b->timeline->status != STATUS_OK && !b->interrupted)
        return backlog_stop(b, now_ns, fault); /* nobody can read what we find */
    if (!b->over && ripe(b, now_ns) && crowd_idle(b->crowd))
        s = acts[b->moment](b, now_ns, fault);
    return s == STATUS_OK ? crowd_pump(b->crowd, now_ns, fault) : s;
}

int64_t backlog_deadline(const struct backlog *b)
{
    return b->over ? CLOCK_NEVER : b->wake_ns;
}

enum status backlog_stop(struct backlog *b, int64_t now_ns, struct fault *fault)
{
    b->interrupted = true;
    if (b->over || b->moment == BACKLOG_CLEARED)
        return STATUS_OK;
    end_all(b, now_ns);
    await(b, BACKLOG_CLEARED, now_ns + SETTLE_WAIT);
    return crowd_pump(b->crowd, now_ns, fault);
}

void backlog_progress(const struct backlog *b, char *out, size_t cap)
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
    (void)snprintf(out, cap, "part %zu of %zu, %s: %s", b->part + 1, b->config->part_count,
                   current(b)->name, doings[b->moment]);
}
