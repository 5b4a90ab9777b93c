/* See sessions.h. */
#include "talk/sessions.h"

#include <string.h>

#include "base/clock.h"
#include "event/result.h"
#include "talk/numbers.h"

static void note(struct sessions *s, const char *text, int64_t now_ns)
{
    const struct event e = {.kind = EVENT_NOTE, .t_ns = now_ns, .text = text};
    if (text != NULL)
        (void)timeline_append(s->timeline, e);
}

static enum status start_session(struct sessions *s, int64_t now_ns, struct fault *fault)
{
    const struct sessions_config *c = s->config;
    struct talks_new made = {
        .config = c->base, .script = c->script, .state = c->states[s->session]};
    struct talk_config *e = &made.config;

    e->session = (uint32_t)s->session + 1;
    e->local = c->locals[s->session];
    numbers_fill(&c->key, c->repeatable ? 0 : now_ns, e);
    if (c->fixed_isn)
        e->iss = c->base.iss;
    e->deadline_ns =
        c->deadline_after_ns == CLOCK_NEVER ? CLOCK_NEVER : now_ns + c->deadline_after_ns;
    s->entry = talks_begin(&s->talks, &made, now_ns);
    if (s->entry == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    if (c->unreachable != NULL) {
        talk_unreachable(&s->entry->talk, c->unreachable, now_ns);
        talks_settle(&s->talks, s->entry);
    }
    return STATUS_OK;
}

static enum status begin(void *arg, int64_t now_ns, struct fault *fault)
{
    struct sessions *s = arg;
    if (s->config->imagined)
        note(s, "dry run: nothing is sent, the peer's part is imagined", now_ns);
    note(s, s->config->remark, now_ns);
    return start_session(s, now_ns, fault);
}

static void add_summary(struct sessions *s, int64_t now_ns)
{
    const struct sessions_config *c = s->config;
    struct result result = {.exit_code = s->exit_code};
    result_set_text(&result, "command", c->script->name);
    result_set_integer(&result, "sessions", (int64_t)s->session + 1);
    result_set_flag(&result, "interrupted", s->interrupted);
    result_set_integer(&result, "exit_code", s->exit_code);
    if (c->summarise != NULL && s->session > 0)
        c->summarise(c->states, s->session + 1, &result);
    (void)timeline_append(s->timeline,
                          (struct event){.kind = EVENT_SUMMARY, .t_ns = now_ns, .result = &result});
    result_done(&result);
}

static enum status finish_session(struct sessions *s, int64_t now_ns, struct fault *fault)
{
    bool told = !s->config->imagined;
    if (told) {
        int exit_code = talks_tell(&s->talks, s->entry, false, now_ns);
        s->exit_code = exit_code > s->exit_code ? exit_code : s->exit_code;
    }
    if (s->interrupted || s->session + 1 == s->config->sessions) {
        s->over = true;
        if (told)
            add_summary(s, now_ns);
        return STATUS_OK;
    }
    talks_drop(&s->talks, s->entry);
    s->session++;
    return start_session(s, now_ns, fault);
}

static enum status go_on(void *arg, int64_t now_ns, struct fault *fault)
{
    struct sessions *s = arg;
    enum status status = STATUS_OK;
    if (s->timeline->status != STATUS_OK && !s->interrupted) {
        /* Nobody can read what we find: clean up and end. */
        s->interrupted = true;
        talks_end(&s->talks, SCRIPT_STOP_INTERRUPT, now_ns);
    }
    while (status == STATUS_OK && talks_take_ended(&s->talks) != NULL)
        status = finish_session(s, now_ns, fault);
    return status;
}

static void stop(void *arg, int64_t now_ns)
{
    (void)now_ns;
    ((struct sessions *)arg)->interrupted = true;
}

static bool over(const void *arg)
{
    return ((const struct sessions *)arg)->over;
}

static void progress(const void *arg, int64_t now_ns, char *out, size_t cap)
{
    const struct sessions *s = arg;
    talk_progress(&s->entry->talk, now_ns, out, cap);
}

enum status sessions_init(struct sessions *s, const struct sessions_config *config,
                          struct timeline *timeline, struct fault *fault)
{
    const struct talks_config talks = {
        .key = config->key,
        .timeline = timeline,
        .observer = config->observer,
        .afterword = config->afterword,
        .afterword_arg = config->afterword_arg,
        .plan = {.begin = begin,
                 .go_on = go_on,
                 .stop = stop,
                 .over = over,
                 .progress = progress,
                 .arg = s},
    };
    s->config = config;
    s->timeline = timeline;
    s->entry = NULL;
    s->session = 0;
    s->over = s->interrupted = false;
    s->exit_code = 0;
    return talks_init(&s->talks, &talks, fault);
}

void sessions_done(struct sessions *s)
{
    talks_done(&s->talks);
    s->entry = NULL;
}
