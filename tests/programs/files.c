/* What a program does with files: everything that the C library offers, with what comes out of it on standard output. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failures;

static void say(const char *what, int result) {
  if (result < 0) {
    printf("%s: error %d\n", what, errno);
    failures++;
  } else {
    printf("%s: %d\n", what, result);
  }
}

static int compare(const void *left, const void *right) { return strcmp(*(char *const *)left, *(char *const *)right); }

static void list(const char *path) {
  char *names[64];
  int count = 0;
  DIR *folder = opendir(path);
  if (folder == NULL) {
    printf("%s: cannot be listed\n", path);
    return;
  }
  for (struct dirent *entry; (entry = readdir(folder)) != NULL && count < 64;) {
    char text[300];
    snprintf(text, sizeof text, "%s (%d)", entry->d_name, entry->d_type);
    names[count++] = strdup(text);
  }
  closedir(folder);
  qsort(names, (size_t)count, sizeof *names, compare);
  printf("%s:", path);
  for (int i = 0; i < count; i++) {
    printf(" %s", names[i]);
    free(names[i]);
  }
  putchar('\n');
}

static void describe(const char *path) {
  struct stat found;
  if (lstat(path, &found) != 0) {
    printf("%s: error %d\n", path, errno);
    return;
  }
  printf("%s: %s, %lld bytes\n", path,
         S_ISDIR(found.st_mode) ? "directory" : S_ISLNK(found.st_mode) ? "link" : "file",
         S_ISDIR(found.st_mode) ? 0LL : (long long)found.st_size);
}

int main(int count, char **arguments) {
  char line[200], target[100];
  const char *input = count > 1 ? arguments[1] : "/data/in.txt";
  FILE *file = fopen(input, "r");
  if (file == NULL) {
    printf("%s: error %d\n", input, errno);
    return 2;
  }
  FILE *copy = fopen("/data/copy.txt", "w+");
  int lines = 0;
  while (fgets(line, sizeof line, file) != NULL)
    fprintf(copy, "%d: %s", ++lines, line);
  fclose(file);
  fseek(copy, 3, SEEK_SET);
  printf("after seeking: %s", fgets(line, sizeof line, copy));
  fclose(copy);

  say("mkdir", mkdir("/data/folder", 0777));
  say("mkdir again", mkdir("/data/folder", 0777));
  say("rename", rename("/data/copy.txt", "/data/folder/moved.txt"));
  say("link", link("/data/folder/moved.txt", "/data/hard.txt"));
  say("symlink", symlink("folder/moved.txt", "/data/soft.txt"));
  ssize_t length = readlink("/data/soft.txt", target, sizeof target);
  printf("readlink: %.*s\n", (int)length, target);
  describe("/data/soft.txt");
  describe("/data/hard.txt");
  describe("/data/folder");
  describe("/data/missing");
  list("/data");
  list("/data/folder");

  int descriptor = open("/data/hard.txt", O_RDWR | O_APPEND);
  say("append", (int)write(descriptor, "tail\n", 5));
  say("truncate", ftruncate(descriptor, 4));
  say("sync", fsync(descriptor));
  memset(line, 0, sizeof line);
  say("pread", (int)pread(descriptor, line, sizeof line, 1));
  printf("[%s]\n", line);
  say("close", close(descriptor));
  say("write after close", (int)write(descriptor, "x", 1));
  say("exclusive", open("/data/hard.txt", O_CREAT | O_EXCL | O_WRONLY, 0666));
  say("no directory", open("/data/hard.txt/x", O_RDONLY));
  say("escape", open("/data/../../etc/passwd", O_RDONLY));
  say("rmdir full", rmdir("/data/folder"));
  say("unlink", unlink("/data/folder/moved.txt"));
  say("dangling", open("/data/soft.txt", O_RDONLY));
  say("rmdir", rmdir("/data/folder"));
  list("/data");
  printf("%d failures\n", failures);
  return 0;
}
