/* See backlog_report.h. Numbers of the kernel's are told as it gives them, counters by how much
 * they have grown since the part began. */
#include "measure/backlog/backlog_report.h"

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

/* --- For programs --- */

static json_t *settings_json(const struct queues *q)
{
    json_t *o = json_object();
    for (enum queues_setting s = 0; s < QUEUES_SETTINGS; s++)
        (void)json_object_set_new(
            o, queues_setting_name(s),
            q->settings[s].known ? json_integer((json_int_t)q->settings[s].value) : json_null());
    return o;
}

static json_t *reading_json(const struct backlog *b, enum backlog_moment m)
{
    const struct queues *q = &b->readings[m];
    json_t *counters = json_object();
    for (enum queues_counter c = 0; c < QUEUES_COUNTERS; c++) {
        if (counted(b, m, c))
            (void)json_object_set_new(counters, queues_counter_name(c),
                                      json_integer((json_int_t)grown(b, m, c)));
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:o}", "moment", backlog_report_moment(m),
                     "accept_queue", (json_int_t)q->accept_len, "accept_limit",
                     (json_int_t)q->accept_max, "syn_queue", (json_int_t)q->syn_len, "counters",
                     counters);
}

static json_t *readings_json(const struct backlog *b)
{
    json_t *all = json_array();
    for (enum backlog_moment m = 0; m < BACKLOG_MOMENTS; m++) {
        if (b->read[m])
            (void)json_array_append_new(all, reading_json(b, m));
    }
    return all;
}

static json_t *tally_json(struct verdict t)
{
    return json_pack("{s:i, s:i, s:i}", "callers", (int)t.callers, "answered", (int)t.answered,
                     "cookies", (int)t.cookies);
}

static json_t *face_json(const struct backlog_part *p, const struct talks_entry *e,
                         enum overflow expected)
{
    if (e == NULL)
        return json_null();
    enum overflow f = backlog_client(e)->face;
    return json_pack("{s:I, s:o, s:o, s:b, s:b}", "session", (json_int_t)e->talk.config.session,
                     "face", f != OVERFLOW_NONE ? json_string(overflow_word(f)) : json_null(),
                     "expected", p->expects ? json_string(overflow_word(expected)) : json_null(),
                     "through", backlog_client(e)->through_ns != 0, "reset",
                     backlog_client(e)->reset_ns != 0);
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
    result_set(r, "command", json_string("backlog"));
    result_set(r, "target", json_string(endpoint_format(&b->config->base.remote, target)));
    result_set(r, "part", json_string(p->name));
    result_set(r, "backlog", json_integer(b->config->backlog));
    result_set(r, "settings",
               b->read[BACKLOG_BEFORE] ? settings_json(&b->readings[BACKLOG_BEFORE]) : json_null());
    result_set(r, "half_open", tally_json(count(b, CLIENT_HALF_OPEN)));
    result_set(r, "fillers", tally_json(count(b, CLIENT_FILLER)));
    result_set(r, "readings", readings_json(b));
    result_set(r, "early", face_json(p, b->early, p->early));
    result_set(r, "late", face_json(p, b->late, p->late));
    result_set(r, "recovered",
               b->new != NULL ? json_boolean(backlog_client(b->new)->through_ns != 0)
                              : json_null());
    result_set(r, "kernel_quiet", json_boolean(kernel_quiet(b)));
    result_set(r, "capture_dropped", json_integer((json_int_t)b->talks.dropped));
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
    return backlog_client(e)->through_ns != 0 ? "gets through after all"
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
                    p->expects ? overflow_name(expected) : "");
    else
        result_line(r, "face", "%s: shown to %s%s", overflow_name(f), who,
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
                    backlog_client(b->new)->through_ns != 0 ? "gets through"
                                                            : "does not get through");
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
           backlog_client(b->late)->face == p->late &&
           b->new != NULL &&backlog_client(b->new)->through_ns != 0;
}

int backlog_report_part(struct backlog *b, int64_t now_ns)
{
    struct result r;
    if (b->read[BACKLOG_WATCHED] && b->early != NULL)
        b->seen[backlog_client(b->early)->face] = true;
    if (b->read[BACKLOG_WATCHED] && b->late != NULL)
        b->seen[backlog_client(b->late)->face] = true;
    if (!result_init(&r))
        return 2;
    r.exit_code = b->interrupted ? 3 : as_expected(b) ? 0 : 1;
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
    struct result r;
    json_t *faces = json_object();
    if (!result_init(&r)) {
        json_decref(faces);
        return;
    }
    for (enum overflow f = OVERFLOW_NO_SYN_ACK; f < OVERFLOW_COUNT; f++) {
        (void)json_object_set_new(faces, overflow_word(f), json_boolean(b->seen[f]));
        if (b->seen[f] || b->wanted[f])
            result_line(&r, b->seen[f] ? "seen" : "not seen", "%s", overflow_name(f));
    }
    r.exit_code = b->exit_code;
    result_set(&r, "command", json_string("backlog"));
    result_set(&r, "sessions", json_integer((json_int_t)b->session));
    result_set(&r, "faces", faces);
    result_set(&r, "interrupted", json_boolean(b->interrupted));
    result_set(&r, "exit_code", json_integer(b->exit_code));
    (void)timeline_append(b->timeline,
                          (struct event){.kind = EVENT_SUMMARY, .t_ns = now_ns, .result = &r});
    result_done(&r);
}
