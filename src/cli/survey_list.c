/* See survey_list.h. */
#include "cli/survey_list.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/route.h"

/* Whose records are whose cannot be told then. */
static enum survey_supply changed(struct survey_list *l)
{
    l->ended = l->disagrees = true;
    l->status =
        fault_set(&l->fault, STATUS_MALFORMED,
                  "--resume %s is of other targets: the list has changed since", l->records);
    return SURVEY_NO_MORE;
}

/* Who adds to what is excluded leaves records behind of targets that are none any more. */
static void passed_over(void *arg, const struct target *t)
{
    struct survey_list *l = arg;
    if (t->index < UINT32_MAX &&
        resume_pass(l->resume, t->index + 1, &t->at, t->name) == RESUME_OTHER)
        (void)changed(l);
}

static void complain(void *arg, const char *line)
{
    const struct survey_list *l = arg;
    l->complain(l->arg, line);
}

static enum survey_supply from_list(struct survey_list *l, struct survey_target *t)
{
    struct target next;
    for (;;) {
        enum targets_answer a = targets_next(l->targets, &next, &l->fault);
        if (l->status != STATUS_OK) /* one that was passed over was another list's */
            return SURVEY_NO_MORE;
        switch (a) {
        case TARGETS_LATER:
            return SURVEY_LATER;
        case TARGETS_END:
            l->ended = true;
            return l->resume->left > 0 ? changed(l) : SURVEY_NO_MORE;
        case TARGETS_FAILED:
            l->ended = true;
            l->status = STATUS_MALFORMED;
            return SURVEY_NO_MORE;
        case TARGETS_NEXT:
            break;
        }
        if (next.index >= UINT32_MAX) {
            l->ended = true;
            l->status = fault_set(&l->fault, STATUS_MALFORMED,
                                  "a list of more than 4294967295 targets: survey it in parts");
            return SURVEY_NO_MORE;
        }
        *t = (struct survey_target){.session = (uint32_t)next.index + 1,
                                    .number = 1,
                                    .at = next.at,
                                    .name = next.name,
                                    .trouble = next.trouble};
        switch (resume_pass(l->resume, t->session, &t->at, t->name)) {
        case RESUME_TO_DO:
            return SURVEY_NEXT;
        case RESUME_OTHER:
            return changed(l);
        case RESUME_DONE:
            l->resumed++;
            if (!l->found && t->trouble == NULL) {
                l->passed = true;
                l->way = t->at.ip;
            }
        }
    }
}

/* --- Before the run --- */

static void hold(struct survey_list *l, const struct survey_target *t)
{
    struct survey_target *h = &l->held[l->held_count].target;
    *h = *t;
    if (t->name != NULL) {
        (void)snprintf(l->held[l->held_count].name, FLOW_STORE_NAME_MAX, "%s", t->name);
        h->name = l->held[l->held_count].name;
    }
    if (t->trouble != NULL) {
        (void)snprintf(l->held[l->held_count].trouble, sizeof(l->held[0].trouble), "%s",
                       t->trouble);
        h->trouble = l->held[l->held_count].trouble;
    }
    l->held_count++;
}

/* Whether it can tell the interface: others may have a way where this one has none. */
static bool has_way(const struct arguments *a, const struct in6_addr *ip, struct fault *fault)
{
    struct route ignored;
    return route_find(&ignored, ip, 0, a->has_source ? &a->source : NULL, a->interface, fault) ==
           STATUS_OK;
}

/* Whether the interface is known, and the list, as far as a few targets can tell, the records'. */
static bool is_ready(const struct survey_list *l)
{
    return l->found && (l->resume->agreed || l->resume->left == 0);
}

/* After those that are held. What cannot be probed is told where something can be, or could. */
static enum status judge_held(struct survey_list *l, const struct arguments *a,
                              struct fault *no_way, struct fault *fault)
{
    bool full = l->held_count == SURVEY_LIST_HELD;
    if (l->found || (l->resumed > 0 && l->held_count == 0))
        return STATUS_OK;
    l->found = l->passed && has_way(a, &l->way, no_way);
    if (l->found)
        return STATUS_OK;
    if (no_way->text[0] != '\0' && full)
        return fault_set(fault, STATUS_SYSTEM, "none of the first %d targets can be reached: %s",
                         SURVEY_LIST_HELD, no_way->text);
    if (no_way->text[0] != '\0')
        return fault_set(fault, STATUS_SYSTEM, "%s", no_way->text);
    if (full)
        return fault_set(fault, STATUS_MALFORMED, "none of the first %d names has an address: %s",
                         SURVEY_LIST_HELD, l->held[0].trouble);
    if (l->held_count > 0)
        return fault_set(fault, STATUS_MALFORMED, "nothing to probe: '%s' has no address: %s",
                         l->held[0].name, l->held[0].trouble);
    return fault_set(fault, STATUS_MALFORMED, "nothing to probe: no target is left%s",
                     l->leaves_special && targets_counts(l->targets)->special > 0
                         ? " but special-purpose addresses, which --special takes"
                         : "");
}

static void consider(struct survey_list *l, const struct arguments *a,
                     const struct survey_target *t, struct fault *no_way)
{
    hold(l, t);
    if (l->found || t->trouble != NULL || !has_way(a, &t->at.ip, no_way))
        return;
    l->found = true;
    l->way = t->at.ip;
}

static enum status find_first(struct survey_list *l, const struct arguments *a, struct fault *fault)
{
    struct survey_target t;
    struct fault no_way = {0};
    while (l->held_count < SURVEY_LIST_HELD && !is_ready(l)) {
        struct pollfd wait = {.fd = targets_fd(l->targets), .events = POLLIN};
        switch (from_list(l, &t)) {
        case SURVEY_LATER:
            (void)poll(&wait, 1, 1000);
            continue;
        case SURVEY_NO_MORE:
            if (l->status != STATUS_OK) {
                *fault = l->fault;
                return l->status;
            }
            return judge_held(l, a, &no_way, fault);
        case SURVEY_NEXT:
            consider(l, a, &t, &no_way);
        }
    }
    return judge_held(l, a, &no_way, fault);
}

enum status survey_list_open(struct survey_list *l, const struct survey_list_config *c,
                             struct fault *fault)
{
    const struct survey_asked *o = c->asked;
    const struct targets_config config = {
        .words = c->options->words,
        .word_count = c->options->word_count,
        .file = o->file,
        .exclude_file = o->exclude_file,
        .ports = *c->ports,
        .special = o->special,
        .strict = o->strict,
        .numeric = c->options->numeric,
        .family = c->options->family,
        .key = *c->key,
        .shard = c->shard,
        .shards = c->shards,
        .complain = complain,
        .passed_over = passed_over,
        .arg = l,
    };
    memset(l, 0, sizeof(*l));
    l->resume = c->resume;
    l->records = o->resume;
    l->leaves_special = o->file != NULL && !o->special;
    l->complain = c->tell;
    l->arg = c->arg;
    enum status s = spacing_init(&l->spacing, o->spacing_ns, o->spacing_net_ns, c->key, fault);
    if (s != STATUS_OK)
        return s;
    l->targets = targets_open(&config, fault);
    return l->targets != NULL ? find_first(l, c->options, fault) : STATUS_MALFORMED;
}

void survey_list_close(struct survey_list *l)
{
    targets_free(l->targets);
    l->targets = NULL;
    spacing_done(&l->spacing);
}

const struct in6_addr *survey_list_first(const struct survey_list *l)
{
    return l->found ? &l->way : NULL;
}

/* --- In the run --- */

static bool spaced(const struct survey_list *l)
{
    return l->spacing.address_ns > 0 || l->spacing.net_ns > 0;
}

static enum survey_supply next_of_all(struct survey_list *l, struct survey_target *t)
{
    if (l->held_given < l->held_count) {
        *t = l->held[l->held_given++].target;
        return SURVEY_NEXT;
    }
    return l->ended ? SURVEY_NO_MORE : from_list(l, t);
}

/* Until one may go at once, or as many wait as can. */
static enum survey_supply next_spaced(struct survey_list *l, int64_t now_ns,
                                      struct survey_target *t, int64_t *at_ns)
{
    enum survey_supply supply = SURVEY_LATER;
    if (spacing_take(&l->spacing, now_ns, t, l->name, at_ns))
        return SURVEY_NEXT;
    while (!spacing_full(&l->spacing)) {
        enum status s;
        supply = next_of_all(l, t);
        if (supply != SURVEY_NEXT)
            break;
        if (t->trouble != NULL || spacing_passes(&l->spacing, t, now_ns, &s))
            return SURVEY_NEXT;
        if (s != STATUS_OK) {
            l->status = fault_set(&l->fault, s, "out of memory");
            return SURVEY_NO_MORE;
        }
    }
    const struct heap_node *first = heap_first(&l->spacing.waiting);
    if (first == NULL)
        return supply;
    *at_ns = first->key;
    return SURVEY_LATER;
}

enum survey_supply survey_list_next(struct survey_list *l, int64_t now_ns, struct survey_target *t,
                                    int64_t *at_ns)
{
    *at_ns = CLOCK_NEVER;
    enum survey_supply supply = spaced(l) ? next_spaced(l, now_ns, t, at_ns) : next_of_all(l, t);
    l->given += supply == SURVEY_NEXT;
    return supply;
}

void survey_list_left(struct survey_list *l, unsigned waiting, int64_t by_ns)
{
    if (spaced(l))
        spacing_left(&l->spacing, waiting, by_ns);
}

uint64_t survey_list_total(const struct survey_list *l)
{
    return targets_total(l->targets);
}
