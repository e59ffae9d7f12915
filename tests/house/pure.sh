#!/bin/sh
# Codecs and the model link without I/O: the undefined symbols of the given archives, less what they define themselves, must
# not name a descriptor, a clock, a thread, libevent, LMDB or curl. Allowed places are listed with their reason.
set -eu
undefined=$(nm -A --undefined-only "$@" | awk '{print $NF, $1}' | sort -u)
forbidden='^(open|openat|fopen|read|write|close|socket|connect|accept|bind|listen|send|sendto|recv|recvfrom|poll|select|epoll_.*|ioctl|tcsetattr|fork|vfork|execv.*|posix_spawn.*|system|popen|pthread_create|sleep|usleep|nanosleep|time|gettimeofday|clock_gettime|getaddrinfo|gethostbyname|event_.*|bufferevent_.*|evbuffer_.*|evhtp_.*|mdb_.*|curl_.*)$'
bad=$(echo "$undefined" | awk -v f="$forbidden" '$1 ~ f' | grep -v \
    -e 'clock\.o:' `# the one place that asks the system for the time` \
    -e 'zone_file\.o:' `# zone files are read once, at start and when the setting changes` \
    -e 'log\.o:' `# writes lines to standard error` \
    -e 'bug\.o:' || true)
if [ -n "$bad" ]; then
    echo "pure: these archives must not do I/O:"
    echo "$bad"
    exit 1
fi
echo "pure: $# archives link without I/O"
