/*
 * stream.c: what the socket and the page cache give at best: a child sends the files that a
 * list names with sendfile(2), the parent takes them as it takes replies.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "load.h"

int load_listen(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, size) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &size) < 0)
		client_die("listen");
	*port = ntohs(a.sin_port);
	return fd;
}

static void send_file(int to, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		client_die(path);
	while (st.st_size > 0) {
		ssize_t n = sendfile(to, fd, NULL, (size_t)st.st_size);

		if (n <= 0)
			client_die(path);
		st.st_size -= n;
	}
	close(fd);
}

static void send_files(int listener, const char *directory, const char *list)
{
	char path[4096];
	int to = accept(listener, NULL, NULL);
	FILE *f = fopen(list, "r");

	if (to < 0 || !f || chdir(directory) < 0)
		client_die(list);
	if (send(to, "* OK\r\n", 6, 0) != 6)
		client_die("send");
	while (fgets(path, sizeof path, f)) {
		path[strcspn(path, "\n")] = '\0';
		send_file(to, path);
	}
	_exit(0);
}

/* sendfile DIRECTORY LIST */
int load_sendfile(char **argv)
{
	static struct client c;
	unsigned port;
	int listener = load_listen(&port), status;
	uint64_t began, bytes = 0;
	ssize_t n;
	pid_t child = fork();

	if (child == 0)
		send_files(listener, argv[0], argv[1]);
	close(listener);
	if (child < 0)
		client_die("fork");
	client_open(&c, port);
	began = client_now_us();
	bytes = c.end - c.pos;
	while ((n = recv(c.fd, c.p, sizeof c.p, 0)) > 0)
		bytes += (uint64_t)n;
	if (n < 0 || waitpid(child, &status, 0) < 0 || status)
		client_die("sendfile");
	printf("{\"us\": %llu, \"bytes\": %llu, \"client_cpu_us\": %llu}\n",
	       (unsigned long long)(client_now_us() - began), (unsigned long long)bytes,
	       (unsigned long long)load_cpu_us(RUSAGE_SELF));
	return 0;
}
