/* See stacks.h and stacks.def. */
#include "tcp/stacks.h"

static const struct stack stacks[] = {
#define COUNT_OF(...) (sizeof((const double[]){__VA_ARGS__}) / sizeof(double))
#define STACK(stack_name, how, from, ...)                                                          \
    {.name = (stack_name),                                                                         \
     .source = (from),                                                                             \
     .end = SCHEDULE_##how,                                                                        \
     .count = COUNT_OF(__VA_ARGS__),                                                               \
     .gaps = {__VA_ARGS__}},
#include "tcp/stacks.def"
#undef STACK
};

size_t stacks_count(void)
{
    return sizeof(stacks) / sizeof(stacks[0]);
}

const struct stack *stacks_at(size_t i)
{
    return &stacks[i];
}
