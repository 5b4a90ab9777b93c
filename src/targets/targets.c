/* See targets.h. */
#include "targets/targets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "targets/block.h"
#include "targets/target_source.h"
#include "targets/target_window.h"

enum {
    WAITERS_MAX = RESOLVER_OUTSTANDING, /* so that the resolver has room for each of their names */
    STEPS_MAX = 65536 /* lines read and targets passed over in one call: some milliseconds */
};

struct targets {
    struct targets_config config;
    struct target_source *source; /* NULL: there is no file */
    struct block_set excluded;
    struct target_window window;
    struct resolver *resolver;                      /* NULL: there are no names */
    struct target_window_pick waiters[WAITERS_MAX]; /* names that were picked */
    size_t waiting;
    struct target_name *held; /* of the target given last */
    int fd;                   /* an epoll of all that is waited for */
    int again;                /* an eventfd, readable when nothing need be waited for */
    bool watched, armed;      /* the source; `again` */
    bool ended, failed;       /* the source */
    struct fault fault;       /* when it failed */
    struct targets_counts counts;
};

/* ---- reading ---- */

/* Takes a line apart and judges of it what only the options can say. */
static enum status take_apart(const struct targets *t, const char *text, size_t n,
                              struct target_line *line, struct fault *fault)
{
    const struct targets_config *c = &t->config;
    struct text_span word = text_word((struct text_span){text, n});
    enum status s = target_line_parse(line, text, n, fault);
    if (s != STATUS_OK || line->kind == TARGET_LINE_EMPTY)
        return s;
    if (line->kind == TARGET_LINE_NAME && c->numeric)
        return text_refuse(fault, "", word, " is no address (-n)");
    if (line->kind == TARGET_LINE_BLOCK && c->family != AF_UNSPEC &&
        block_family(&line->block) != c->family)
        return text_refuse(fault, "", word,
                           c->family == AF_INET ? " is not IPv4 (-4)" : " is not IPv6 (-6)");
    if (line->ports.count == 0 && c->ports.count == 0)
        return text_refuse(fault, "", word,
                           " has no port: write HOST:PORT, or name the ports with -p");
    return STATUS_OK;
}

/* A bad line of the file: told, or the end. */
static enum status refuse(struct targets *t, uint64_t number, struct fault *why)
{
    (void)fault_wrap(why, STATUS_MALFORMED, "%s:%" PRIu64, target_source_name(t->source), number);
    if (t->config.strict)
        return STATUS_MALFORMED;
    t->counts.bad_lines++;
    if (t->config.complain != NULL)
        t->config.complain(t->config.arg, why->text);
    return STATUS_OK;
}

static enum status take_line(struct targets *t, const struct target_source_line *text,
                             struct fault *fault)
{
    struct target_line line = {.kind = TARGET_LINE_EMPTY};
    struct fault why = {""};
    enum status s = text->too_long ? target_source_too_long(&why)
                                   : take_apart(t, text->text, text->n, &line, &why);
    if (s == STATUS_OK && line.kind != TARGET_LINE_EMPTY)
        s = target_window_add(&t->window, &line, &why);
    target_line_done(&line);
    if (s == STATUS_MALFORMED)
        s = refuse(t, text->number, &why);
    return s == STATUS_OK ? s : fault_set(fault, s, "%s", why.text);
}

/* One line into the window; LATER: none is there yet; NEXT: go on. */
static enum targets_answer read_line(struct targets *t)
{
    struct target_source_line text;
    enum target_source_answer a = target_source_next(t->source, &text, &t->fault);
    t->ended = a == TARGET_SOURCE_END;
    if (a == TARGET_SOURCE_BLOCKED)
        return TARGETS_LATER;
    t->failed = a == TARGET_SOURCE_FAILED ||
                (a == TARGET_SOURCE_LINE && take_line(t, &text, &t->fault) != STATUS_OK);
    return t->failed ? TARGETS_FAILED : TARGETS_NEXT;
}

/* ---- waiting ---- */

static void watch_source(struct targets *t, bool on)
{
    struct epoll_event event = {.events = EPOLLIN};
    if (t->watched == on)
        return;
    int error =
        epoll_ctl(t->fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, target_source_fd(t->source), &event);
    t->watched = on && error == 0;
}

/* Something is to be done at once, but not in this call. */
static enum targets_answer yield(struct targets *t)
{
    t->armed = eventfd_write(t->again, 1) == 0;
    return TARGETS_LATER;
}

static enum targets_answer wait_for_source(struct targets *t)
{
    watch_source(t, true);
    return t->watched ? TARGETS_LATER : yield(t); /* what cannot be watched is read again */
}

static void stop_waiting(struct targets *t)
{
    eventfd_t ignored;
    watch_source(t, false);
    if (t->armed)
        (void)eventfd_read(t->again, &ignored);
    t->armed = false;
}

static bool add_to_epoll(const struct targets *t, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(t->fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static enum status open_waiting(struct targets *t, struct fault *fault)
{
    t->fd = epoll_create1(EPOLL_CLOEXEC);
    t->again = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (t->fd < 0 || t->again < 0 || !add_to_epoll(t, t->again) ||
        (t->resolver != NULL && !add_to_epoll(t, resolver_fd(t->resolver))))
        return fault_set(fault, STATUS_SYSTEM, "epoll: %s", strerror(errno));
    return STATUS_OK;
}

/* ---- names ---- */

static bool is_settled(const struct target_name *name)
{
    return name->state == TARGET_NAME_KNOWN || name->state == TARGET_NAME_UNKNOWN;
}

/* Each name that is asked for has a waiter, so there is room for the question. */
static void ask_resolver(struct targets *t, const struct target_window_pick *waiter)
{
    struct target_name *name = waiter->name;
    if (name->state != TARGET_NAME_NEW ||
        !resolver_ask(t->resolver, waiter->index, name->text, t->config.family))
        return;
    name->state = TARGET_NAME_ASKED;
    name->question = waiter->index;
}

/* Without memory for the reason the name counts as not asked yet. */
static void learn(struct target_name *name, const struct in6_addr *ip, const char *reason)
{
    name->ip = *ip;
    name->reason = reason[0] != '\0' ? strdup(reason) : NULL;
    name->state = reason[0] == '\0'      ? TARGET_NAME_KNOWN
                  : name->reason != NULL ? TARGET_NAME_UNKNOWN
                                         : TARGET_NAME_NEW;
}

static void listen_to_resolver(struct targets *t)
{
    uint64_t question;
    struct in6_addr ip;
    char reason[RESOLVER_REASON_MAX];
    while (resolver_take(t->resolver, &question, &ip, reason)) {
        for (size_t i = 0; i < t->waiting; i++) {
            struct target_name *name = t->waiters[i].name;
            if (name->state == TARGET_NAME_ASKED && name->question == question)
                learn(name, &ip, reason);
        }
    }
}

static bool take_settled(struct targets *t, struct target_window_pick *out)
{
    for (size_t i = 0; i < t->waiting; i++) {
        ask_resolver(t, &t->waiters[i]);
        if (!is_settled(t->waiters[i].name))
            continue;
        *out = t->waiters[i];
        t->waiters[i] = t->waiters[--t->waiting];
        return true;
    }
    return false;
}

static bool take_waiter(struct targets *t, struct target_window_pick *out)
{
    if (t->waiting == 0)
        return false;
    if (take_settled(t, out))
        return true;
    listen_to_resolver(t);
    return take_settled(t, out);
}

/* ---- giving ---- */

/* Whether an address is to be probed; counts it if not. */
static bool admit(struct targets *t, const struct in6_addr *ip)
{
    const struct special *special = block_special(ip);
    bool taken = t->config.special || t->config.file == NULL;
    if (special != NULL && (special->never || !taken)) {
        t->counts.special++;
        return false;
    }
    if (block_set_has(&t->excluded, ip)) {
        t->counts.excluded++;
        return false;
    }
    return true;
}

/* Whether what was picked, of known address or none (`trouble`), is to be given. */
static bool give(struct targets *t, const struct target_window_pick *pick,
                 const struct in6_addr *ip, const char *trouble, struct target *out)
{
    *out = (struct target){.index = pick->index,
                           .at = {.ip = *ip, .port = pick->port},
                           .name = pick->name != NULL ? pick->name->text : NULL,
                           .trouble = trouble};
    if (trouble == NULL && !admit(t, ip)) {
        if (t->config.passed_over != NULL)
            t->config.passed_over(t->config.arg, out);
        return false;
    }
    t->counts.given += trouble == NULL;
    t->counts.unresolved += trouble != NULL;
    return true;
}

/* A name that has been looked up; it is taken over, and held until the next call. */
static bool give_named(struct targets *t, const struct target_window_pick *pick, struct target *out)
{
    struct target_name *name = pick->name;
    bool given = give(t, pick, &name->ip, name->reason, out);
    if (given)
        t->held = name;
    else
        target_window_drop(name);
    return given;
}

/* The next one of the window, if it is ours and can be given now: a name is if it is known from
 * another port of it, else it waits. */
static bool give_picked(struct targets *t, struct target *out)
{
    struct target_window_pick pick;
    if (!target_window_pick(&t->window, &pick))
        return false;
    if (pick.index % t->config.shards != t->config.shard) {
        target_window_drop(pick.name);
        return false;
    }
    if (pick.name == NULL)
        return give(t, &pick, &pick.ip, NULL, out);
    if (is_settled(pick.name))
        return give_named(t, &pick, out);
    t->waiters[t->waiting++] = pick;
    ask_resolver(t, &pick);
    return false;
}

/* One line read, or one target picked; `*done`: the answer is to be given, else to go on. */
static enum targets_answer advance(struct targets *t, struct target *out, bool *done)
{
    *done = true;
    if (!t->ended && !target_window_full(&t->window)) {
        enum targets_answer a = read_line(t);
        *done = a != TARGETS_NEXT;
        return a == TARGETS_LATER ? wait_for_source(t) : a;
    }
    if (t->waiting == WAITERS_MAX)
        return TARGETS_LATER;
    if (t->window.len == 0)
        return t->waiting != 0 ? TARGETS_LATER : TARGETS_END;
    *done = give_picked(t, out);
    return TARGETS_NEXT;
}

enum targets_answer targets_next(struct targets *t, struct target *out, struct fault *fault)
{
    enum targets_answer a = TARGETS_NEXT;
    bool done = false;
    struct target_window_pick waiter;
    stop_waiting(t);
    target_window_drop(t->held);
    t->held = NULL;
    while (!t->failed && take_waiter(t, &waiter)) {
        if (give_named(t, &waiter, out))
            return TARGETS_NEXT;
    }
    for (int i = 0; i < STEPS_MAX && !done && !t->failed; i++)
        a = advance(t, out, &done);
    if (t->failed) {
        (void)fault_set(fault, STATUS_MALFORMED, "%s", t->fault.text);
        return TARGETS_FAILED;
    }
    return done ? a : yield(t);
}

/* ---- opening ---- */

/* All of them are judged before anything is sent, and whether there is a name among them is found.
 */
static enum status take_words(struct targets *t, bool *names, struct fault *fault)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; i < t->config.word_count && s == STATUS_OK; i++) {
        const char *word = t->config.words[i];
        struct target_line line;
        s = take_apart(t, word, strlen(word), &line, fault);
        *names = *names || line.kind == TARGET_LINE_NAME;
        if (s == STATUS_OK)
            s = line.kind != TARGET_LINE_EMPTY
                    ? target_window_add(&t->window, &line, fault)
                    : fault_set(fault, STATUS_MALFORMED, "a target is empty: write HOST:PORT");
        target_line_done(&line);
    }
    return s;
}

/* A line that does not parse is never passed over: what it was to keep us from is unknown. */
static enum status read_excluded(struct block_set *set, const char *file, struct fault *fault)
{
    struct target_source_line line;
    enum target_source_answer a = TARGET_SOURCE_LINE;
    enum status s = STATUS_OK;
    struct target_source *source = target_source_open(file, true, fault);
    if (source == NULL)
        return STATUS_SYSTEM;
    while (s == STATUS_OK && (a = target_source_next(source, &line, fault)) == TARGET_SOURCE_LINE) {
        s = line.too_long ? target_source_too_long(fault)
                          : block_set_add_line(set, line.text, line.n, fault);
        if (s != STATUS_OK)
            (void)fault_wrap(fault, s, "%s:%" PRIu64, target_source_name(source), line.number);
    }
    block_set_seal(set);
    target_source_close(source);
    return a == TARGET_SOURCE_FAILED ? STATUS_SYSTEM : s;
}

static enum status open_all(struct targets *t, struct fault *fault)
{
    const struct targets_config *c = &t->config;
    bool names = c->file != NULL;
    enum status s = take_words(t, &names, fault);
    if (s != STATUS_OK)
        return s;
    t->ended = c->file == NULL;
    if (!t->ended && (t->source = target_source_open(c->file, false, fault)) == NULL)
        return STATUS_SYSTEM;
    if (c->exclude_file != NULL)
        s = read_excluded(&t->excluded, c->exclude_file, fault);
    if (s == STATUS_OK && names && !c->numeric &&
        (t->resolver = resolver_open(c->resolver, fault)) == NULL)
        return STATUS_SYSTEM;
    return s == STATUS_OK ? open_waiting(t, fault) : s;
}

struct targets *targets_open(const struct targets_config *c, struct fault *fault)
{
    struct targets *t = calloc(1, sizeof(*t));
    if (t == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    t->config = *c;
    t->config.shards = c->shards != 0 ? c->shards : 1;
    t->fd = t->again = -1;
    target_window_init(&t->window, &c->key, &t->config.ports);
    if (open_all(t, fault) != STATUS_OK) {
        targets_free(t);
        return NULL;
    }
    return t;
}

void targets_free(struct targets *t)
{
    if (t == NULL)
        return;
    target_window_drop(t->held);
    for (size_t i = 0; i < t->waiting; i++)
        target_window_drop(t->waiters[i].name);
    target_window_done(&t->window);
    resolver_close(t->resolver);
    block_set_done(&t->excluded);
    target_source_close(t->source);
    if (t->again >= 0)
        (void)close(t->again);
    if (t->fd >= 0)
        (void)close(t->fd);
    free(t);
}

int targets_fd(const struct targets *t)
{
    return t->fd;
}

const struct targets_counts *targets_counts(const struct targets *t)
{
    return &t->counts;
}

uint64_t targets_total(const struct targets *t)
{
    uint64_t all = t->window.total, shard = t->config.shard, shards = t->config.shards;
    if (!t->ended || all == UINT64_MAX || all <= shard)
        return 0;
    return (all - shard - 1) / shards + 1;
}
