/* What is told of a part of the backlog's story, and of the whole. Numbers of the kernel's are told
 * as it gives them, counters by how much they have grown since the part began. */
#include "measure/backlog/backlog.h"

#include <inttypes.h>
#include <string.h>

#include "event/result.h"

/* "before", "syn-queue", ...; static. */
static const char *backlog_report_moment(enum backlog_moment m)
{
    static const char *const words[] = {
        [BACKLOG_BEFORE] = "before",       [BACKLOG_SYN_QUEUE] = "syn-queue",
        [BACKLOG_FREED] = "freed",         [BACKLOG_ACCEPT_QUEUE] = "accept-queue",
        [BACKLOG_WATCHED] = "watched",     [BACKLOG_ACCEPTED] = "accepted",
        [BACKLOG_RECOVERED] = "recovered", [BACKLOG_CLEARED] = "cleared",
    };
    return words[m];
}

static const struct backlog_part *part_of(const struct backlog *b)
{
    return b->config->parts[b->part];
}

struct verdict {
    unsigned callers, answered, cookies;
};

static struct verdict count(const struct backlog *b, enum client_role role)
{
    struct verdict t = {0};
    for (const struct talks_entry *e = talks_oldest(&b->talks); e != NULL; e = talks_younger(e)) {
        const struct client *c = backlog_client(e);
        /* The early one has filled the SYN queue too. */
        bool counts = c->role == role || (role == CLIENT_HALF_OPEN && c->role == CLIENT_EARLY);
        t.callers += counts;
        t.answered += counts && c->syn_acks > 0;
        t.cookies += counts && client_has_cookie(c);
    }
    return t;
}

static uint64_t grown(const struct backlog *b, enum backlog_moment m, enum queues_counter c)
{
    return b->readings[m].counters[c].value - b->readings[BACKLOG_BEFORE].counters[c].value;
}

static bool counted(const struct backlog *b, enum backlog_moment m, enum queues_counter c)
{
    return b->read[m] && b->read[BACKLOG_BEFORE] && b->readings[m].counters[c].known &&
           b->readings[BACKLOG_BEFORE].counters[c].known;
}

static bool got_through(const struct talks_entry *e)
{
    return e != NULL && backlog_client(e)->through_ns != 0;
}

/* --- For programs --- */

static void set_settings(const struct queues *q, struct result *r)
{
    result_begin(r, "settings");
    for (enum queues_setting s = 0; s < QUEUES_SETTINGS; s++) {
        if (q->settings[s].known)
            result_set_integer(r, queues_setting_name(s), (int64_t)q->settings[s].value);
        else
            result_set_null(r, queues_setting_name(s));
    }
    result_end(r);
}

static void set_reading(const struct backlog *b, enum backlog_moment m, struct result *r)
{
    const struct queues *q = &b->readings[m];
    result_begin(r, NULL);
    result_set_text(r, "moment", backlog_report_moment(m));
    result_set_integer(r, "accept_queue", q->accept_len);
    result_set_integer(r, "accept_limit", q->accept_max);
    result_set_integer(r, "syn_queue", q->syn_len);
    result_begin(r, "counters");
    for (enum queues_counter c = 0; c < QUEUES_COUNTERS; c++) {
        if (counted(b, m, c))
            result_set_integer(r, queues_counter_name(c), (int64_t)grown(b, m, c));
    }
    result_end(r);
    result_end(r);
}

static void set_readings(const struct backlog *b, struct result *r)
{
    result_begin_list(r, "readings");
    for (enum backlog_moment m = 0; m < BACKLOG_MOMENTS; m++) {
        if (b->read[m])
            set_reading(b, m, r);
    }
    result_end_list(r);
}

static void set_tally(struct result *r, const char *key, struct verdict t)
{
    result_begin(r, key);
    result_set_integer(r, "callers", t.callers);
    result_set_integer(r, "answered", t.answered);
    result_set_integer(r, "cookies", t.cookies);
    result_end(r);
}

static void set_face(struct result *r, const char *key, const struct backlog_part *p,
                     const struct talks_entry *e, enum overflow expected)
{
    if (e == NULL) {
        result_set_null(r, key);
        return;
    }
    enum overflow f = backlog_client(e)->face;
    result_begin(r, key);
    result_set_integer(r, "session", e->talk.config.session);
    result_set_text(r, "face", f != OVERFLOW_NONE ? client_overflow_word(f) : NULL);
    result_set_text(r, "expected", p->expects ? client_overflow_word(expected) : NULL);
    result_set_flag(r, "through", got_through(e));
    result_set_flag(r, "reset", backlog_client(e)->reset_ns != 0);
    result_end(r);
}

static bool kernel_quiet(const struct backlog *b)
{
    bool quiet = true;
    for (const struct talks_entry *e = talks_oldest(&b->talks); e != NULL; e = talks_younger(e))
        quiet = quiet && e->talk.kernel_quiet;
    return quiet;
}

static void report_keys(const struct backlog *b, struct result *r)
{
    const struct backlog_part *p = part_of(b);
    char target[ENDPOINT_TEXT_MAX];
    result_set_text(r, "command", "backlog");
    result_set_text(r, "target", endpoint_format(&b->config->base.remote, target));
    result_set_text(r, "part", p->name);
    result_set_integer(r, "backlog", b->config->backlog);
    if (b->read[BACKLOG_BEFORE])
        set_settings(&b->readings[BACKLOG_BEFORE], r);
    else
        result_set_null(r, "settings");
    set_tally(r, "half_open", count(b, CLIENT_HALF_OPEN));
    set_tally(r, "fillers", count(b, CLIENT_FILLER));
    set_readings(b, r);
    set_face(r, "early", p, b->early, p->early);
    set_face(r, "late", p, b->late, p->late);
    if (b->new != NULL)
        result_set_flag(r, "recovered", got_through(b->new));
    else
        result_set_null(r, "recovered");
    result_set_flag(r, "kernel_quiet", kernel_quiet(b));
    result_set_integer(r, "capture_dropped", (int64_t)b->talks.dropped);
}

/* --- For people --- */

static void tell_limits(const struct backlog *b, struct result *r)
{
    const struct queues *q = &b->readings[BACKLOG_BEFORE];
    struct text line = {0};
    for (enum queues_setting s = 0; s < QUEUES_SETTINGS; s++) {
        if (q->settings[s].known)
            text_printf(&line, ", %s %" PRId64, strrchr(queues_setting_name(s), '.') + 1,
                        q->settings[s].value);
    }
    result_line(r, "limits", "listen(%d)%s", b->config->backlog,
                line.data != NULL ? line.data : "");
    text_done(&line);
}

static void tell_syn_queue(const struct backlog *b, struct result *r)
{
    struct verdict t = count(b, CLIENT_HALF_OPEN);
    if (!b->read[BACKLOG_SYN_QUEUE])
        return;
    result_line(r, "SYN queue",
                "%u SYNs and no ACK: %u answered, %u of them by a cookie, %u not; the kernel holds "
                "%" PRIu32 " entries",
                t.callers, t.answered, t.cookies, t.callers - t.answered,
                b->readings[BACKLOG_SYN_QUEUE].syn_len);
    if (b->read[BACKLOG_FREED])
        result_line(r, "", "after resets by all but the early caller it holds %" PRIu32,
                    b->readings[BACKLOG_FREED].syn_len);
}

static void tell_accept_queue(const struct backlog *b, struct result *r)
{
    struct verdict t = count(b, CLIENT_FILLER);
    const struct queues *q = &b->readings[BACKLOG_ACCEPT_QUEUE];
    if (b->read[BACKLOG_ACCEPT_QUEUE])
        result_line(r, "accept queue",
                    "%u handshakes, which nobody accepts: the kernel holds %" PRIu32
                    " of them, the limit is %" PRIu32,
                    t.callers, q->accept_len, q->accept_max);
}

static const char *fate(const struct talks_entry *e)
{
    return got_through(e)                     ? "gets through after all"
           : backlog_client(e)->reset_ns != 0 ? "was reset and does not get through"
                                              : "does not get through";
}

/* What was recognised, and what should have been. */
static void tell_face(const struct backlog *b, const struct talks_entry *e, const char *who,
                      enum overflow expected, struct result *r)
{
    const struct backlog_part *p = part_of(b);
    if (e == NULL || !b->read[BACKLOG_WATCHED])
        return;
    enum overflow f = backlog_client(e)->face;
    if (f == OVERFLOW_NONE)
        result_line(r, "no face", "%s, is shown none of them%s%s", who, p->expects ? ", not " : "",
                    p->expects ? client_overflow_name(expected) : "");
    else
        result_line(r, "face", "%s: shown to %s%s", client_overflow_name(f), who,
                    p->expects && f != expected ? " (not what was expected)" : "");
}

static void tell_recovery(const struct backlog *b, struct result *r)
{
    if (!b->read[BACKLOG_ACCEPTED])
        return;
    result_line(r, "recovery",
                "the application accepts: accept queue %" PRIu32 ", then %" PRIu32
                "; SYN queue %" PRIu32 ", then %" PRIu32,
                b->readings[BACKLOG_WATCHED].accept_len, b->readings[BACKLOG_ACCEPTED].accept_len,
                b->readings[BACKLOG_WATCHED].syn_len, b->readings[BACKLOG_RECOVERED].syn_len);
    if (b->early != NULL)
        result_line(r, "", "the early caller %s", fate(b->early));
    if (b->late != NULL)
        result_line(r, "", "the late caller %s", fate(b->late));
    if (b->new != NULL)
        result_line(r, "", "a new one %s",
                    got_through(b->new) ? "gets through" : "does not get through");
}

static void tell_counters(const struct backlog *b, struct result *r)
{
    struct text line = {0};
    for (enum queues_counter c = 0; c < QUEUES_COUNTERS; c++) {
        if (counted(b, BACKLOG_CLEARED, c) && grown(b, BACKLOG_CLEARED, c) != 0)
            text_printf(&line, "%s%s +%" PRIu64, line.len != 0 ? ", " : "", queues_counter_name(c),
                        grown(b, BACKLOG_CLEARED, c));
    }
    if (line.data != NULL)
        result_line(r, "counters", "%s", line.data);
    text_done(&line);
}

static void tell_people(const struct backlog *b, struct result *r)
{
    const struct backlog_part *p = part_of(b);
    struct text line = {0};
    for (const char *const *a = p->settings; *a != NULL; a++)
        text_printf(&line, "%s%s", a != p->settings ? ", " : "", strrchr(*a, '.') + 1);
    result_line(r, "part", "%zu of %zu, %s: %s", b->part + 1, b->config->part_count, p->name,
                line.data != NULL ? line.data : "the settings are left alone");
    text_done(&line);
    tell_limits(b, r);
    tell_syn_queue(b, r);
    tell_accept_queue(b, r);
    tell_face(b, b->early, "the early caller, who was half-open before the queue was full",
              p->early, r);
    tell_face(b, b->late, "the late caller, who sends a SYN to the full queue", p->late, r);
    tell_recovery(b, r);
    tell_counters(b, r);
}

static bool as_expected(const struct backlog *b)
{
    const struct backlog_part *p = part_of(b);
    if (!p->expects)
        return true;
    return b->early != NULL && backlog_client(b->early)->face == p->early && b->late != NULL &&
           backlog_client(b->late)->face == p->late && got_through(b->new);
}

int backlog_report_part(struct backlog *b, int64_t now_ns)
{
    struct result r = {.exit_code = b->interrupted ? 3 : as_expected(b) ? 0 : 1};
    if (b->read[BACKLOG_WATCHED] && b->early != NULL)
        b->seen[backlog_client(b->early)->face] = true;
    if (b->read[BACKLOG_WATCHED] && b->late != NULL)
        b->seen[backlog_client(b->late)->face] = true;
    report_keys(b, &r);
    tell_people(b, &r);
    int exit_code = r.exit_code;
    (void)timeline_append(b->timeline, (struct event){.kind = EVENT_VERDICT,
                                                      .session = b->part_session,
                                                      .t_ns = now_ns,
                                                      .result = &r});
    result_done(&r);
    return exit_code;
}

void backlog_report_whole(struct backlog *b, int64_t now_ns)
{
    struct result r = {.exit_code = b->exit_code};
    result_set_text(&r, "command", "backlog");
    result_set_integer(&r, "sessions", (int64_t)b->session);
    result_begin(&r, "faces");
    for (enum overflow f = OVERFLOW_NO_SYN_ACK; f < OVERFLOW_COUNT; f++) {
        result_set_flag(&r, client_overflow_word(f), b->seen[f]);
        if (b->seen[f] || b->wanted[f])
            result_line(&r, b->seen[f] ? "seen" : "not seen", "%s", client_overflow_name(f));
    }
    result_end(&r);
    result_set_flag(&r, "interrupted", b->interrupted);
    result_set_integer(&r, "exit_code", b->exit_code);
    (void)timeline_append(b->timeline,
                          (struct event){.kind = EVENT_SUMMARY, .t_ns = now_ns, .result = &r});
    result_done(&r);
}
