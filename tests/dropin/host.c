/*
 * A program that loads a plug-in by its bare name, as PHP does, with RTLD_DEEPBIND where there is
 * such a thing. The name is found along this program's own path (DT_RUNPATH), if nobody hides who
 * is asking.
 */
#include "config.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

static int call(void *plugin)
{
    int (*work)(void) = NULL;
    if (plugin)
        *(void **)(void *)&work = dlsym(plugin, "dropin_plugin");
    if (!work) {
        puts(dlerror());
        return 1;
    }
    return work();
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--find") == 0)
        return dlopen("dropin_plugin.so", RTLD_NOW | RTLD_LOCAL) == NULL;
    int result = call(dlopen("dropin_plugin.so", RTLD_NOW | RTLD_GLOBAL | RTLD_DEEPBIND));
#ifdef __GLIBC__
    if (result == 0)
        result = call(
            dlmopen(LM_ID_BASE, "dropin_plugin.so", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND));
#endif
    return result;
}
