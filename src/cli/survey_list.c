/* See survey_list.h. */
#include "cli/survey_list.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/resolve.h"
#include "net/route.h"

/* --- What it is asked for --- */

enum status survey_list_ports(struct survey_list *l, struct fault *fault)
{
    struct fault what;
    const char *words = l->asked->ports;
    if (words == NULL ||
        ports_parse(&l->ports, words, strlen(words), resolver_service, &what) == STATUS_OK)
        return STATUS_OK;
    return fault_set(fault, STATUS_MALFORMED, "-p: %s", what.text);
}

/* An array job has a number for each task, counted from 0 by Kubernetes, from SLURM_ARRAY_TASK_MIN
 * by Slurm. */
static enum status shard_from_job(struct survey_list *l, struct fault *fault)
{
    uint64_t index, least = 0;
    const char *name = "JOB_COMPLETION_INDEX";
    const char *word = getenv(name);
    if (word == NULL) {
        const char *min = getenv("SLURM_ARRAY_TASK_MIN");
        name = "SLURM_ARRAY_TASK_ID";
        word = getenv(name);
        if (min != NULL && !text_to_number(min, 0, UINT32_MAX, &least))
            return fault_set(fault, STATUS_MALFORMED, "--shards: SLURM_ARRAY_TASK_MIN is '%s'",
                             min);
    }
    if (word == NULL)
        return fault_set(fault, STATUS_MALFORMED,
                         "--shards: neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set; "
                         "write --shard K/N");
    if (!text_to_number(word, least, least + l->shards - 1, &index))
        return fault_set(fault, STATUS_MALFORMED,
                         "--shards: %s is '%s', not from %" PRIu64 " to %" PRIu64, name, word,
                         least, least + l->shards - 1);
    l->shard = index - least;
    return STATUS_OK;
}

static enum status find_shard(struct survey_list *l, struct fault *fault)
{
    const struct survey_asked *a = l->asked;
    l->shard = a->shard.k > 0 ? a->shard.k - 1 : 0;
    l->shards = a->shards > 0 ? a->shards : a->shard.n > 0 ? a->shard.n : 1;
    return a->shards > 0 && a->shard.k == 0 ? shard_from_job(l, fault) : STATUS_OK;
}

/* What the survey is of, in the words of the command line: what a resumed one must agree in. */
static enum status identify(struct survey_list *l, struct fault *fault)
{
    const struct survey_asked *o = l->asked;
    const struct arguments *a = l->options;
    struct text t;
    text_init(&t);
    for (size_t i = 0; i < a->word_count; i++)
        text_printf(&t, "%s ", a->words[i]);
    if (o->file != NULL)
        text_printf(&t, "-f %s ", o->file);
    if (o->ports != NULL)
        text_printf(&t, "-p %s ", o->ports);
    text_printf(&t, "--probe %s", o->probe->name);
    if (l->shards > 1)
        text_printf(&t, " --shard %" PRIu64 "/%" PRIu64, l->shard + 1, l->shards);
    l->identity = t.data;
    return t.failed ? fault_set(fault, STATUS_NO_MEMORY, "out of memory") : STATUS_OK;
}

static enum status take_up(struct survey_list *l, struct fault *fault)
{
    const struct arguments *a = l->options;
    const char *file = l->asked->resume;
    enum status s = resume_open(&l->resume, file, fault);
    if (s != STATUS_OK || !l->resume.begun)
        return s;
    if (strcmp(l->resume.identity, l->identity) != 0)
        return fault_set(fault, STATUS_MALFORMED, "--resume %s is of another survey: %.200s", file,
                         l->resume.identity);
    if (a->has_seed && a->seed != l->resume.seed)
        return fault_set(fault, STATUS_MALFORMED, "--resume %s has another seed: %" PRIu64, file,
                         l->resume.seed);
    return STATUS_OK;
}

enum status survey_list_find(struct survey_list *l, struct fault *fault)
{
    enum status s = find_shard(l, fault);
    if (s != STATUS_OK)
        return s;
    s = identify(l, fault);
    return s == STATUS_OK && l->asked->resume != NULL ? take_up(l, fault) : s;
}

/* --- From the list --- */

/* Whose records are whose cannot be told then. */
static enum survey_supply changed(struct survey_list *l)
{
    l->ended = l->disagrees = true;
    l->status =
        fault_set(&l->fault, STATUS_MALFORMED,
                  "--resume %s is of other targets: the list has changed since", l->asked->resume);
    return SURVEY_NO_MORE;
}

/* A target that was excluded later has its record still, which would otherwise seem to be another
 * list's. */
static void passed_over(void *arg, const struct target *t)
{
    struct survey_list *l = arg;
    if (t->index < UINT32_MAX &&
        resume_pass(&l->resume, t->index + 1, &t->at, t->name) == RESUME_OTHER)
        (void)changed(l);
}

static void complain(void *arg, const char *line)
{
    const struct survey_list *l = arg;
    l->tell(l->arg, line);
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
            return l->resume.left > 0 ? changed(l) : SURVEY_NO_MORE;
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
        switch (resume_pass(&l->resume, t->session, &t->at, t->name)) {
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

static const char *keep(char *out, size_t cap, const char *text)
{
    if (text != NULL)
        (void)snprintf(out, cap, "%s", text);
    return text != NULL ? out : NULL;
}

/* Whether it can tell the interface: others may have a way where this one has none. */
static bool has_way(const struct survey_list *l, const struct in6_addr *ip, struct fault *fault)
{
    const struct arguments *a = l->options;
    struct route ignored;
    return route_find(&ignored, ip, 0, a->has_source ? &a->source : NULL, a->interface, fault) ==
           STATUS_OK;
}

/* Whether the interface is known, and the list, as far as a few targets can tell, the records'. */
static bool is_ready(const struct survey_list *l)
{
    return l->found && (l->resume.agreed || l->resume.left == 0);
}

/* After those that are held. What cannot be probed is told where something can be, or could. */
static enum status judge_held(struct survey_list *l, struct fault *no_way, struct fault *fault)
{
    bool full = l->held_count == SURVEY_LIST_HELD;
    if (l->found || (l->resumed > 0 && l->held_count == 0))
        return STATUS_OK;
    l->found = l->passed && has_way(l, &l->way, no_way);
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
                     l->asked->file != NULL && !l->asked->special &&
                             targets_counts(l->targets)->special > 0
                         ? " but special-purpose addresses, which --special takes"
                         : "");
}

static void hold(struct survey_list *l, const struct survey_target *t, struct fault *no_way)
{
    size_t i = l->held_count++;
    l->held[i].target = *t;
    l->held[i].target.name = keep(l->held[i].name, sizeof(l->held[i].name), t->name);
    l->held[i].target.trouble = keep(l->held[i].trouble, sizeof(l->held[i].trouble), t->trouble);
    if (l->found || t->trouble != NULL || !has_way(l, &t->at.ip, no_way))
        return;
    l->found = true;
    l->way = t->at.ip;
}

static enum status find_first(struct survey_list *l, struct fault *fault)
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
            return judge_held(l, &no_way, fault);
        case SURVEY_NEXT:
            hold(l, &t, &no_way);
        }
    }
    return judge_held(l, &no_way, fault);
}

enum status survey_list_open(struct survey_list *l, const struct hash_key *key, struct fault *fault)
{
    const struct survey_asked *o = l->asked;
    const struct targets_config config = {
        .words = l->options->words,
        .word_count = l->options->word_count,
        .file = o->file,
        .exclude_file = o->exclude_file,
        .ports = l->ports,
        .special = o->special,
        .strict = o->strict,
        .numeric = l->options->numeric,
        .family = l->options->family,
        .key = *key,
        .shard = l->shard,
        .shards = l->shards,
        .complain = complain,
        .passed_over = passed_over,
        .arg = l,
    };
    enum status s = spacing_init(&l->spacing, o->spacing_ns, o->spacing_net_ns, key, fault);
    if (s != STATUS_OK)
        return s;
    l->targets = targets_open(&config, fault);
    return l->targets != NULL ? find_first(l, fault) : STATUS_MALFORMED;
}

void survey_list_done(struct survey_list *l)
{
    targets_free(l->targets);
    spacing_done(&l->spacing);
    resume_done(&l->resume);
    free(l->identity);
    ports_done(&l->ports);
}

const struct in6_addr *survey_list_first(const struct survey_list *l)
{
    return l->found ? &l->way : NULL;
}

/* --- In the run --- */

static bool spaced(const struct survey_list *l)
{
    return l->asked->spacing_ns > 0 || l->asked->spacing_net_ns > 0;
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
    return spaced(l) ? next_spaced(l, now_ns, t, at_ns) : next_of_all(l, t);
}

void survey_list_left(struct survey_list *l, unsigned waiting, int64_t by_ns)
{
    if (spaced(l))
        spacing_left(&l->spacing, waiting, by_ns);
}
