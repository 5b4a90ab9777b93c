/* See bring.h. */
#include "talk/bring.h"

#include <string.h>

#include "base/text.h"
#include "figure/library.h"
#include "figure/parse.h"

enum {
    WAYS_MAX = 8 /* into one state */
};

/* Where the library has them. */
static const char folder[] = "ways/";

/* What the last line that shows the peer in a state shows. */
static enum state leads_to(const struct figure *f)
{
    for (size_t i = f->count; i > 0; i--) {
        const struct figure_item *item = &f->items[i - 1];
        if (item->kind == FIGURE_ROW && item->row.b.states != STATE_SET_NONE)
            return state_set_only(item->row.b.states);
    }
    return STATE_COUNT;
}

/* "It takes a peer that connects, closes." */
static enum status refuse(enum state state, unsigned needs, struct fault *fault)
{
    struct text takes;
    text_init(&takes);
    for (unsigned bit = 1; bit <= needs; bit <<= 1) {
        const char *word = figure_need(bit);
        if ((needs & bit) != 0 && word != NULL)
            text_printf(&takes, "%s%s", takes.len > 0 ? ", " : ": it takes a peer that ",
                        bit == FIGURE_NEEDS_NOTHING ? "does not listen" : word);
    }
    enum status s = fault_set(fault, STATUS_NOT_OURS, "no way leads this peer into %s%s",
                              state_name(state), takes.data != NULL ? takes.data : "");
    text_done(&takes);
    return s;
}

static enum status load(struct figure *f, const char *name, struct fault *fault)
{
    const char *source = figure_library_source(name);
    return figure_parse(f, name, source, strlen(source), fault);
}

struct way {
    const char *name;
    unsigned needs;
};

/* The ways into the state, those that take less of the peer first. */
static enum status ways_into(enum state state, struct way ways[WAYS_MAX], size_t *n,
                             struct fault *fault)
{
    const char *name;
    *n = 0;
    for (size_t i = 0; (name = figure_library_name(i)) != NULL; i++) {
        struct figure f;
        if (strncmp(name, folder, sizeof(folder) - 1) != 0)
            continue;
        enum status s = load(&f, name, fault);
        if (s != STATUS_OK)
            return s;
        if (leads_to(&f) == state && *n < WAYS_MAX) {
            size_t at = (*n)++;
            for (; at > 0 && ways[at - 1].needs > f.needs; at--)
                ways[at] = ways[at - 1];
            ways[at] = (struct way){name, f.needs};
        }
        figure_done(&f);
    }
    return STATUS_OK;
}

enum status bring_choose(struct bring *b, enum state state, unsigned caps, size_t nth,
                         struct fault *fault)
{
    struct way ways[WAYS_MAX];
    size_t n;
    enum status s = ways_into(state, ways, &n, fault);
    if (s != STATUS_OK)
        return s;
    b->state = state;
    for (size_t i = 0; i < n; i++) {
        if ((ways[i].needs & ~caps) == 0 && nth-- == 0)
            return load(&b->figure, ways[i].name, fault);
    }
    return refuse(state, n > 0 ? ways[0].needs & ~caps : 0, fault);
}

void bring_done(struct bring *b)
{
    figure_done(&b->figure);
}

enum bring_verdict bring_judge(const struct bring *b, const struct peer *p,
                               const enum state *kernel)
{
    if (kernel != NULL)
        return *kernel == b->state ? BRING_REACHED : BRING_MISSED;
    if (state_set_only(p->set) == b->state)
        return BRING_REACHED;
    return state_set_has(p->set, b->state) ? BRING_OPEN : BRING_MISSED;
}
