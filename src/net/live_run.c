/* See live_run.h. */
#include "net/live_run.h"

#include "net/rx_loss.h"

/* What the driver's calls are about. */
struct client {
    struct path *path;
    struct talks *talks;
    struct rx_loss deaf;
    uint64_t lost;
};

static struct talks *talks_of(const void *arg)
{
    return ((const struct client *)arg)->talks;
}

static enum status start(void *arg, int64_t now_ns, struct fault *fault)
{
    return talks_start(talks_of(arg), path_link(((struct client *)arg)->path), now_ns, fault);
}

/* What the kernel could not give us, or we did not hear, is told once, when it happens, and is in
 * the result. */
static void tell_losses(const struct client *c)
{
    talks_lost_packets(c->talks, c->lost + c->deaf.missed);
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
        return talks_packet(c->talks, ip, n, t_ns, fault);
    tell_losses(c); /* at once: the next packet may be the last */
    return STATUS_OK;
}

static enum status tick(void *arg, int64_t now_ns, struct fault *fault)
{
    return talks_tick(talks_of(arg), now_ns, fault);
}

static int64_t deadline(const void *arg, int64_t now_ns)
{
    (void)now_ns;
    return talks_deadline(talks_of(arg));
}

static enum status stop(void *arg, int64_t now_ns, struct fault *fault)
{
    return talks_stop(talks_of(arg), now_ns, fault);
}

static bool over(const void *arg)
{
    return talks_over(talks_of(arg));
}

static bool can_wait(const void *arg, int64_t for_ns)
{
    (void)for_ns;
    return talks_can_wait(talks_of(arg));
}

static void progress(void *arg, int64_t now_ns, bool asked, char *line, size_t cap)
{
    (void)asked;
    talks_progress(talks_of(arg), now_ns, line, cap);
}

static void remark(void *arg, const char *text, int64_t t_ns)
{
    talks_remark(talks_of(arg), text, t_ns);
}

enum status live_run(struct path *path, const struct live_run_config *live, struct talks *talks,
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
        .talks = talks,
        .deaf = {.key = path->config.key, .percent = live->deaf},
    };
    const struct driver_config driver = {
        .ops = &ops,
        .arg = &client,
        .taps = {path->tap},
        .aside = live->aside,
        .within_ns = live->within_ns,
        .progress_ns = live->progress != NULL ? CLOCK_S : 0,
        .told = live->progress,
        .asked = live->asked,
        .teller = live->arg,
    };
    return driver_run(path->driver, &driver, fault);
}
