/* A survey whose targets are whole conversations (talks.h) and no flows: how each begins, what it
 * takes of what comes in, and how it ended. talks_next knows what it has to send. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "measure/survey/survey.h"

/* What the survey has to tell of it, and what its script needs. */
struct whole {
    uint32_t session, dropped, octets_back;
    unsigned segments_back;
    char *name;          /* by which it was given; NULL: none */
    max_align_t state[]; /* the script's */
};

static struct whole *whole_of(const struct talks_entry *e)
{
    return (struct whole *)((uint8_t *)e->talk.state - offsetof(struct whole, state));
}

static void free_whole(struct whole *w)
{
    if (w != NULL)
        free(w->name);
    free(w);
}

void survey_whole_drop(struct survey *s, struct talks_entry *e)
{
    struct whole *w = whole_of(e);
    talks_drop(&s->talks, e);
    free_whole(w);
}

static bool start(struct survey *s, struct whole *w, const struct survey_target *t,
                  const struct talk_config *config, int64_t now_ns)
{
    const struct measure *m = s->config.probe;
    const struct talks_new made = {
        .config = *config, .script = m->script, .state = w->state, .record = TALKS_NOT_RECORDED};
    measure_begin(m, w->state, &(struct measure_run){.wait_ns = s->config.rules.wait_ns});
    w->session = t->session;
    w->dropped = (uint32_t)s->counts.dropped;
    w->name = t->name != NULL ? strdup(t->name) : NULL;
    return (t->name == NULL || w->name != NULL) && talks_begin(&s->talks, &made, now_ns) != NULL;
}

const char *survey_whole_begin(struct survey *s, const struct survey_target *t,
                               const struct endpoint *local, uint32_t iss, uint64_t hash,
                               int64_t now_ns)
{
    struct talk_config c = *s->config.open;
    if (talks_find(&s->talks, local, &t->at) != NULL)
        return "it stands in the list twice, and is being probed just now";
    c.session = t->session;
    c.local = *local;
    c.remote = t->at;
    c.iss = seq_of(iss);
    c.ts_base = (uint32_t)(hash >> 16);
    c.mss = s->config.mss[address_is_v4(&t->at.ip) ? 0 : 1];
    c.fits = s->config.fits[address_is_v4(&t->at.ip) ? 0 : 1];
    c.deadline_ns = c.deadline_ns == CLOCK_NEVER ? CLOCK_NEVER : now_ns + c.deadline_ns;
    struct whole *w = calloc(1, sizeof(*w) + s->config.probe->size);
    if (w != NULL && start(s, w, t, &c, now_ns))
        return NULL;
    free_whole(w);
    return "out of memory";
}

/* A SYN,ACK that answers another SYN is of an earlier connection (Figure 9). */
bool survey_whole_received(struct survey *s, const struct segment *seg, int64_t t_ns)
{
    const uint16_t syn_ack = FLAG_SYN | FLAG_ACK;
    struct talks_entry *e = talks_find(&s->talks, &seg->dst, &seg->src);
    if (e == NULL ||
        ((seg->flags & syn_ack) == syn_ack && !seq_eq(seg->ack, seq_add(e->talk.config.iss, 1))))
        return false;
    struct whole *w = whole_of(e);
    s->counts.answered += w->segments_back == 0;
    w->segments_back++;
    w->octets_back += (uint32_t)(seg->data_off + seg->len);
    talks_received(&s->talks, e, seg, t_ns);
    return true;
}

struct talks_entry *survey_whole_ended(struct survey *s, struct survey_end *end)
{
    struct talks_entry *e = talks_take_ended(&s->talks);
    if (e == NULL)
        return NULL;
    const struct whole *w = whole_of(e);
    *end = (struct survey_end){
        .session = w->session,
        .exchange = &e->talk,
        .name = w->name,
        .outcome = (enum outcome)measure_load(&s->config.probe->outcome, w->state),
        .t_ns = e->talk.now_ns,
        .syns = (unsigned)e->talk.ours.syn_count,
        .segments_back = w->segments_back,
        .octets_back = w->octets_back,
    };
    if ((uint32_t)s->counts.dropped != w->dropped)
        talk_lost_packets(&e->talk, (uint32_t)s->counts.dropped - w->dropped);
    return e;
}
