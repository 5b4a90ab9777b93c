/* See record.h. */
#include "cli/record.h"

#include <stdio.h>
#include <sys/random.h>

enum status record_seed(const struct arguments *o, uint64_t *seed, struct fault *fault)
{
    *seed = o->seed;
    if (o->has_seed)
        return STATUS_OK;
    if (getrandom(seed, sizeof(*seed), 0) != sizeof(*seed))
        return fault_set(fault, STATUS_SYSTEM, "the kernel gives no random numbers");
    *seed &= ARGUMENTS_SEED_MAX;
    return STATUS_OK;
}

void record_argv(int argc, char **argv, char out[RECORD_ARGV_MAX])
{
    size_t used = 0;
    for (int i = 0; i < argc && used < RECORD_ARGV_MAX; i++)
        used += (size_t)snprintf(out + used, RECORD_ARGV_MAX - used, "%s%s", i ? " " : "", argv[i]);
}

enum status record_begin(struct record *r, const struct arguments *o, int argc, char **argv,
                         struct fault *fault)
{
    *r = (struct record){.options = o};
    timeline_init(&r->timeline);
    record_argv(argc, argv, r->argv);
    return record_seed(o, &r->seed, fault);
}

enum status record_open(struct record *r, const struct endpoint *target, const char *interface,
                        const char *clock, struct fault *fault)
{
    (void)endpoint_format(target, r->target);
    r->info = (struct run_info){
        .command = r->options->command,
        .target = r->target,
        .interface = interface,
        .clock = clock,
        .version = PACKAGE_VERSION,
        .argv = r->argv,
        .seed = r->seed,
    };
    enum status s = output_open(&r->output, r->options, &r->timeline, fault);
    return s == STATUS_OK ? timeline_open(&r->timeline, &r->info, fault) : s;
}

enum status record_end(struct record *r, enum status s, struct fault *fault)
{
    struct fault late = {0};
    output_progress_clear(&r->output);
    enum status closed = timeline_close(&r->timeline, &late);
    enum status written = output_close(&r->output, closed == STATUS_OK ? &late : NULL);
    if (s == STATUS_OK && (closed != STATUS_OK || written != STATUS_OK)) {
        *fault = late;
        s = STATUS_SYSTEM;
    }
    return s;
}
