/* A real kernel is brought into each of the eleven states by every way that figures/ways/ has into
 * it, over both IP versions; and asked from outside, as a stranger has to, which state it is in.
 * The kernel's word is the truth. */
#include "lab.h"

#include "../world/asker.h"
#include "lab/lab_upper.h"
#include "net/live_run.h"
#include "net/path.h"
#include "talk/sessions.h"

enum {
    WAYS_MAX = 8
};

/* The walk of the way and the questions, on the lab's cable. */
static enum status run(struct asker *k, struct lab *lab, struct fault *fault)
{
    const struct path_config path_config = {.remote = *lab_at(lab, END_B), .ports = 1};
    const struct live_run_config live = {.within_ns = CLOCK_NEVER};
    static const struct run_info info = {
        .command = "bring", .target = "", .interface = "", .clock = "", .version = "", .argv = ""};
    const struct syn_like *like = syn_like_at(0);
    void *states[] = {&k->play};
    struct path path;
    struct timeline timeline;
    struct sessions sessions = {0};
    enum status s = path_open(&path, &path_config, fault);
    const struct sessions_config config = {
        .script = play_script(),
        .base = {.remote = path_config.remote,
                 .upper[END_B] = k->peer_side,
                 .like = like,
                 .mss = 1400,
                 .win = like->win,
                 .ttl = like->ttl,
                 .timestamps = false,
                 .tries = 1},
        .locals = path.locals,
        .sessions = 1,
        .states = states,
        .deadline_after_ns = 60 * CLOCK_S,
    };
    timeline_init(&timeline);
    if (s == STATUS_OK)
        s = timeline_open(&timeline, &info, fault);
    if (s == STATUS_OK)
        s = sessions_init(&sessions, &config, &timeline, fault);
    if (s == STATUS_OK)
        s = live_run(&path, &live, &sessions.talks, fault);
    sessions_done(&sessions);
    path_close(&path);
    return s;
}

static void judge(const struct asker *k)
{
    char set[STATE_SET_TEXT_MAX];
    const char *named = k->found.verdict == ASK_NAMED ? state_name(k->found.state) : "none";
    fprintf(stderr, "# %s: %u questions, named %s, the kernel says %s\n", k->bring.figure.name,
            k->questions, named, state_name(k->truth));
    if (!k->begun || k->by_kernel != BRING_REACHED || k->by_set == BRING_MISSED)
        fprintf(stderr, "# not reached\n");
    CHECK(k->begun && k->status == STATUS_OK);
    CHECK(k->by_kernel == BRING_REACHED);
    CHECK(k->by_set != BRING_MISSED);
    if (k->found.verdict != ASK_NAMED)
        fprintf(stderr, "# left are %s\n", state_set_format(k->found.set, set));
    CHECK(k->found.verdict == ASK_NAMED);
    CHECK(k->found.state == k->truth);
    CHECK(k->truth == k->bring.state);
}

/* In the child: the way's number and the state are there already. */
static enum state brought;
static size_t way;

static void bring(bool v6)
{
    static struct asker k;
    struct lab *lab = open_lab("cue", v6);
    const struct lab_upper side = {.lab = lab, .side = END_B};
    const struct upper upper = lab_upper_ops(&side);
    struct fault fault = {{0}};
    CHECK(asker_init(&k, brought, way, &upper));
    enum status s = run(&k, lab, &fault);
    if (s != STATUS_OK)
        fprintf(stderr, "# %s\n", fault.text);
    CHECK(s == STATUS_OK);
    judge(&k);
    asker_done(&k);
    lab_close(lab);
}

static void every_way_into(void **state)
{
    brought = (enum state)(uintptr_t)*state;
    for (way = 0; way < WAYS_MAX; way++) {
        struct asker k;
        bool more = asker_init(&k, brought, way, NULL);
        if (more) {
            asker_done(&k);
            in_both_families(bring);
        } else {
            assert_true(way > 0);
            return;
        }
    }
    fail_msg("more ways than are expected");
}

int main(void)
{
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++)
        unit_add(0, every_way_into, (void *)(uintptr_t)s, "%s", state_name(s));
    return unit_run();
}
