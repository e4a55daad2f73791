// Memory in a managed segment and a named mutex of Boost.Interprocess.
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/named_mutex.hpp>
#include <string>
#include <unistd.h>

#include "tests/bench/bench.h"

namespace ipc = boost::interprocess;

namespace
{

// For the segment's own administration.
const std::size_t room = 65536;

std::string name;
ipc::managed_shared_memory *segment;
ipc::named_mutex *mutex;
void *bytes;

// No exception may reach the callers, which are C.
template <typename Function> bool succeeds(Function function)
{
    try {
        function();
        return true;
    } catch (...) {
        return false;
    }
}

void make(std::size_t nbytes)
{
    name = "libshm-bench-" + std::to_string(getpid());
    segment = new ipc::managed_shared_memory(ipc::create_only, name.c_str(), nbytes + room);
    bytes = segment->allocate_aligned(nbytes, 64);
    mutex = new ipc::named_mutex(ipc::create_only, name.c_str());
}

bool open_both(size_t nbytes)
{
    return succeeds([nbytes] { make(nbytes); });
}

void *memory(void)
{
    return bytes;
}

bool lock(void)
{
    return succeeds([] { mutex->lock(); });
}

bool unlock(void)
{
    return succeeds([] { mutex->unlock(); });
}

bool close_both(void)
{
    delete mutex;
    delete segment;
    bool good = ipc::named_mutex::remove(name.c_str());
    return ipc::shared_memory_object::remove(name.c_str()) && good;
}

} // namespace

extern "C" const struct bench_foreign bench_boost = {
    "Boost managed segment and named_mutex", open_both, memory, lock, unlock, close_both};
