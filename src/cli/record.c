/* See record.h. */
#include "cli/record.h"

#include <stdio.h>
#include <sys/random.h>

void record_init(struct record *r, const struct arguments *options)
{
    *r = (struct record){.options = options};
    timeline_init(&r->timeline);
}

static enum status choose_seed(struct record *r, struct fault *fault)
{
    if (r->seed_known)
        return STATUS_OK;
    r->seed = r->options->seed;
    if (r->options->has_seed)
        return STATUS_OK;
    if (getrandom(&r->seed, sizeof(r->seed), 0) != sizeof(r->seed))
        return fault_set(fault, STATUS_SYSTEM, "the kernel gives no random numbers");
    r->seed &= ARGUMENTS_SEED_MAX;
    return STATUS_OK;
}

enum status record_open(struct record *r, struct fault *fault)
{
    enum status s = choose_seed(r, fault);
    return s == STATUS_OK ? output_open(&r->output, r->options, &r->timeline, fault) : s;
}

enum status record_begin(struct record *r, const struct run_info *info,
                         const struct endpoint *target, int argc, char **argv, struct fault *fault)
{
    size_t used = 0;
    for (int i = 0; i < argc && used < sizeof(r->argv); i++)
        used +=
            (size_t)snprintf(r->argv + used, sizeof(r->argv) - used, "%s%s", i ? " " : "", argv[i]);
    r->info = *info;
    if (target != NULL)
        r->info.target = endpoint_format(target, r->target);
    r->info.argv = r->argv;
    r->info.version = PACKAGE_VERSION;
    r->info.seed = r->seed;
    return timeline_open(&r->timeline, &r->info, fault);
}

enum status record_close(struct record *r, enum status s, struct fault *fault)
{
    struct fault late = {0};
    enum status closed = timeline_close(&r->timeline, &late);
    enum status written = output_close(&r->output, closed == STATUS_OK ? &late : NULL);
    if (s == STATUS_OK && (closed != STATUS_OK || written != STATUS_OK)) {
        *fault = late;
        s = STATUS_SYSTEM;
    }
    return s;
}

static void tell_progress(void *arg, const char *line)
{
    struct record *r = arg;
    output_progress(&r->output, line);
}

record_teller *record_progress(const struct record *r)
{
    return output_progress_wanted(r->options) ? tell_progress : NULL;
}

void record_asked(void *arg, const char *line)
{
    struct record *r = arg;
    output_progress_clear(&r->output);
    (void)fprintf(stderr, "%s\n", line);
}
