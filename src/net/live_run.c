/* See live_run.h. */
#include "net/live_run.h"

#include "net/rx_loss.h"

/* What the driver's calls are about. */
struct client {
    struct path *path;
    struct run *run;
    const struct run_config *config;
    struct timeline *timeline;
    struct rx_loss deaf;
    uint64_t lost, told;
};

static enum status start(void *arg, int64_t now_ns, struct fault *fault)
{
    struct client *c = arg;
    return run_init(c->run, c->config, c->timeline, path_link(c->path), now_ns, fault);
}

/* What the kernel could not give us, or we did not hear, is told once, when it happens, and is in
 * the result. */
static void tell_losses(struct client *c)
{
    uint64_t total = c->lost + c->deaf.missed;
    if (total == c->told || run_over(c->run))
        return;
    c->told = total;
    talk_lost_packets(&c->run->exchange, total);
}

static void lost(void *arg, uint64_t total, int64_t now_ns)
{
    struct client *c = arg;
    (void)now_ns;
    c->lost = total;
    tell_losses(c);
}

static enum status packet(void *arg, enum end tap, const uint8_t *ip, size_t n, int64_t t_ns,
                          struct fault *fault)
{
    struct client *c = arg;
    (void)tap;
    if (!rx_loss_misses(&c->deaf, &c->path->route.source, &c->path->config.remote, ip, n))
        return run_packet(c->run, ip, n, t_ns, fault);
    tell_losses(c); /* at once: the next packet may be the run's last */
    return STATUS_OK;
}

static enum status tick(void *arg, int64_t now_ns, struct fault *fault)
{
    return run_tick(((struct client *)arg)->run, now_ns, fault);
}

static int64_t deadline(const void *arg, int64_t now_ns)
{
    (void)now_ns;
    return run_deadline(((const struct client *)arg)->run);
}

static enum status stop(void *arg, int64_t now_ns, struct fault *fault)
{
    return run_stop(((struct client *)arg)->run, now_ns, fault);
}

static bool over(const void *arg)
{
    return run_over(((const struct client *)arg)->run);
}

static bool can_wait(const void *arg, int64_t for_ns)
{
    (void)for_ns;
    return run_can_wait(((const struct client *)arg)->run);
}

static void progress(void *arg, int64_t now_ns, bool asked, char *line, size_t cap)
{
    const struct talk *x = &((struct client *)arg)->run->exchange;
    (void)asked;
    talk_progress(x, now_ns, line, cap);
}

static void remark(void *arg, const char *text, int64_t t_ns)
{
    run_remark(((struct client *)arg)->run, text, t_ns);
}

enum status live_run(struct path *path, const struct live_run_config *live, struct run *run,
                     const struct run_config *config, struct timeline *timeline,
                     struct fault *fault)
{
    static const struct driver_ops ops = {
        .start = start,
        .packet = packet,
        .tick = tick,
        .deadline = deadline,
        .stop = stop,
        .over = over,
        .can_wait = can_wait,
        .lost = lost,
        .progress = progress,
        .remark = remark,
    };
    struct client client = {
        .path = path,
        .run = run,
        .config = config,
        .timeline = timeline,
        .deaf = {.key = path->config.key, .percent = live->deaf},
    };
    const struct driver_config driver = {
        .ops = &ops,
        .arg = &client,
        .taps = {path->tap},
        .aside = live->aside,
        .within_ns = CLOCK_NEVER, /* each session has its own time */
        .progress_ns = live->progress != NULL ? CLOCK_S : 0,
        .told = live->progress,
        .asked = live->asked,
        .teller = live->arg,
    };
    return driver_run(path->driver, &driver, fault);
}
