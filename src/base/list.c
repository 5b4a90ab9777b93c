/* See list.h. */
#include "base/list.h"

void list_append(struct list *l, struct list_node *node)
{
    if (node->in == l)
        return;
    list_remove(node);
    *node = (struct list_node){.prev = l->last, .in = l};
    *(l->last != NULL ? &l->last->next : &l->first) = node;
    l->last = node;
}

void list_remove(struct list_node *node)
{
    struct list *l = node->in;
    if (l == NULL)
        return;
    *(node->prev != NULL ? &node->prev->next : &l->first) = node->next;
    *(node->next != NULL ? &node->next->prev : &l->last) = node->prev;
    *node = (struct list_node){0};
}
