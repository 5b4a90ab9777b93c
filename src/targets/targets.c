/* See targets.h. */
#include "targets/targets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/lines.h"
#include "base/text.h"
#include "targets/target_exclusion.h"
#include "targets/target_names.h"
#include "targets/target_source.h"
#include "targets/target_window.h"
#include "wire/block_set.h"
#include "wire/special.h"
#include "wire/target_line.h"

enum {
    STEPS_MAX = 65536 /* lines read and targets passed over in one call: some milliseconds */
};

struct targets {
    struct targets_config config;
    struct target_source *source;
    struct block_set excluded;
    struct target_window window;
    struct target_names *names; /* NULL: there are none */
    struct target_name *held;   /* of the target given last */
    int fd;                     /* an epoll of all that is waited for */
    int again;                  /* an eventfd, readable when nothing need be waited for */
    bool watched, armed;        /* the source; `again` */
    bool ended, failed;         /* the source */
    struct fault fault;         /* when it failed */
    struct targets_counts counts;
};

/* ---- reading ---- */

static enum status refuse_word(const struct target_source_line *text, const char *why,
                               struct fault *fault)
{
    char shown[TEXT_SHOWN_MAX];
    struct text_span word = text_word((struct text_span){text->text, text->n});
    return fault_set(fault, STATUS_MALFORMED, "'%s' %s", text_shown(word.s, word.n, shown), why);
}

/* What only the options can say of a line. */
static enum status judge(const struct targets *t, const struct target_line *line,
                         const struct target_source_line *text, struct fault *fault)
{
    const struct targets_config *c = &t->config;
    if (line->kind == TARGET_LINE_NAME && c->numeric)
        return refuse_word(text, "is no address (-n)", fault);
    if (line->kind == TARGET_LINE_BLOCK && c->family != AF_UNSPEC &&
        block_family(&line->block) != c->family)
        return refuse_word(text, c->family == AF_INET ? "is not IPv4 (-4)" : "is not IPv6 (-6)",
                           fault);
    if (line->ports.count == 0 && c->ports.count == 0)
        return refuse_word(text, "has no port: write HOST:PORT, or name the ports with -p", fault);
    return STATUS_OK;
}

static enum status parse_line(const struct targets *t, const struct target_source_line *text,
                              struct target_line *line, struct fault *fault)
{
    line->kind = TARGET_LINE_EMPTY;
    line->ports = (struct ports){0};
    if (text->too_long)
        return fault_set(fault, STATUS_MALFORMED, "more than %d characters", LINES_MAX);
    enum status s = target_line_parse(line, text->text, text->n, fault);
    if (s == STATUS_OK && line->kind != TARGET_LINE_EMPTY)
        s = judge(t, line, text, fault);
    if (s != STATUS_OK)
        target_line_done(line);
    return s;
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
    struct target_line line;
    struct fault why = {""};
    enum status s = parse_line(t, text, &line, &why);
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
        (t->names != NULL && !add_to_epoll(t, target_names_fd(t->names))))
        return fault_set(fault, STATUS_SYSTEM, "epoll: %s", strerror(errno));
    return STATUS_OK;
}

/* ---- giving ---- */

/* Whether an address is to be probed; counts it if not. */
static bool admit(struct targets *t, const struct in6_addr *ip)
{
    const struct special *special = special_find(ip);
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

static void tell_passed_over(const struct targets *t, const struct target *passed)
{
    if (t->config.passed_over != NULL)
        t->config.passed_over(t->config.arg, passed);
}

/* A name that has been looked up; it is taken over, and held until the next call. */
static bool give_named(struct targets *t, const struct target_names_waiter *w, struct target *out)
{
    struct target_name *name = w->name;
    bool known = name->state == TARGET_NAME_KNOWN;
    *out = (struct target){.index = w->index,
                           .at = {.ip = name->ip, .port = w->port},
                           .name = name->text,
                           .trouble = known ? NULL : name->reason};
    if (known && !admit(t, &name->ip)) {
        tell_passed_over(t, out);
        target_names_drop(name);
        return false;
    }
    t->held = name;
    t->counts.given += known;
    t->counts.unresolved += !known;
    return true;
}

static bool give_waiting(struct targets *t, struct target *out)
{
    struct target_names_waiter w;
    while (t->names != NULL && target_names_take(t->names, &w)) {
        if (give_named(t, &w, out))
            return true;
    }
    return false;
}

/* A name of the window: given if it is known from another port of it, else it waits. */
static bool give_or_wait(struct targets *t, const struct target_window_pick *pick,
                         struct target *out)
{
    const struct target_names_waiter w = {pick->index, pick->name, pick->port};
    if (pick->name->state == TARGET_NAME_KNOWN || pick->name->state == TARGET_NAME_UNKNOWN)
        return give_named(t, &w, out);
    target_names_wait(t->names, &w);
    target_names_drop(pick->name);
    return false;
}

/* The next one of the window, if it is ours and can be given now. */
static bool give_picked(struct targets *t, struct target *out)
{
    struct target_window_pick pick;
    if (!target_window_pick(&t->window, &pick))
        return false;
    bool ours = pick.index % t->config.shards == t->config.shard;
    if (ours && pick.name != NULL)
        return give_or_wait(t, &pick, out);
    target_names_drop(pick.name);
    if (!ours)
        return false;
    *out = (struct target){.index = pick.index, .at = {.ip = pick.ip, .port = pick.port}};
    if (!admit(t, &pick.ip)) {
        tell_passed_over(t, out);
        return false;
    }
    t->counts.given++;
    return true;
}

static bool is_full_of_names(const struct targets *t)
{
    return t->names != NULL && target_names_full(t->names);
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
    if (is_full_of_names(t))
        return TARGETS_LATER;
    if (t->window.len == 0)
        return t->names != NULL && target_names_waiting(t->names) != 0 ? TARGETS_LATER
                                                                       : TARGETS_END;
    *done = give_picked(t, out);
    return TARGETS_NEXT;
}

enum targets_answer targets_next(struct targets *t, struct target *out, struct fault *fault)
{
    enum targets_answer a = TARGETS_NEXT;
    bool done = false;
    stop_waiting(t);
    target_names_drop(t->held);
    t->held = NULL;
    if (!t->failed && give_waiting(t, out))
        return TARGETS_NEXT;
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
static enum status judge_words(const struct targets *t, bool *names, struct fault *fault)
{
    for (size_t i = 0; i < t->config.word_count; i++) {
        const char *word = t->config.words[i];
        const struct target_source_line text = {.text = word, .n = strlen(word)};
        struct target_line line;
        enum status s = parse_line(t, &text, &line, fault);
        if (s == STATUS_OK && line.kind == TARGET_LINE_EMPTY)
            s = fault_set(fault, STATUS_MALFORMED, "a target is empty: write HOST:PORT");
        *names = *names || line.kind == TARGET_LINE_NAME;
        target_line_done(&line);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static enum status open_all(struct targets *t, struct fault *fault)
{
    const struct targets_config *c = &t->config;
    bool names = c->file != NULL;
    enum status s = judge_words(t, &names, fault);
    if (s != STATUS_OK)
        return s;
    t->source = target_source_open(c->words, c->word_count, c->file, fault);
    if (t->source == NULL)
        return STATUS_SYSTEM;
    if (c->exclude_file != NULL)
        s = target_exclusion_read(&t->excluded, c->exclude_file, fault);
    if (s != STATUS_OK)
        return s;
    if (names && !c->numeric) {
        t->names = target_names_open(c->family, c->resolver, fault);
        if (t->names == NULL)
            return STATUS_SYSTEM;
    }
    return open_waiting(t, fault);
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
    block_set_init(&t->excluded);
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
    target_names_drop(t->held);
    target_window_done(&t->window);
    target_names_close(t->names);
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
