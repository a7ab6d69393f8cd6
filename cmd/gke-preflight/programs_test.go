package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A rehearsal without programs says what it would take, or what it will, before it does
// anything; and one that comes to nothing leaves nothing behind.
func TestPrograms(t *testing.T) {
	recording, err := filepath.Abs(filepath.Join(root, "testdata/recorded/incident.zip"))
	if err != nil {
		t.Fatal(err)
	}
	const plan = "gke-preflight: to be built, once, from published Go modules: etcd "
	for name, c := range map[string]struct {
		goes     string // the script that is go; empty for none
		flags    string
		says     []string
		not      string
		programs int // that are there afterwards
	}{
		"without Go": {"", "", []string{"etcd ", " is not in the user's cache, and Go, which would build it, is not installed: pass a directory with --binaries, or --download"}, "to be built", 0},
		"with a Go that can't": {"echo no network >&2; exit 1", "",
			[]string{plan, ", kube-apiserver 1.36.", ", kube-apiserver 1.37.", "That takes 5 to 30 minutes, and up to 3 GB of Go's caches", "building etcd ", "no network"}, "built etcd", 0},
		"with a Go whose etcd does not start": {`printf '#!/bin/sh\necho made of nothing >&2; exit 3\n' > "$3"; /bin/chmod +x "$3"`, "",
			[]string{plan, "built etcd ", "built kube-apiserver 1.37.", "etcd exited with code 3", "made of nothing"}, "", 3},
		"a directory without them":     {"exit 1", "--binaries empty", []string{"--binaries: empty holds neither etcd nor a kube-apiserver"}, "to be built", 0},
		"a directory that isn't there": {"exit 1", "--binaries missing", []string{"--binaries: ", "missing"}, "to be built", 0},
		"an index that isn't there":    {"exit 1", "--download --download-index http://127.0.0.1:1/index.yaml", []string{"--download: ", "127.0.0.1:1"}, "to be built", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "empty", "README"), "no program")
			write(t, filepath.Join(dir, "tmp", "kept"), "")
			write(t, filepath.Join(dir, "bin", "kept"), "")
			if c.goes != "" {
				write(t, filepath.Join(dir, "bin", "go"), "#!/bin/sh\n"+c.goes+"\n")
			}
			self, err := exec.LookPath("gke-preflight")
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self, append([]string{"rehearse", "--snapshot", recording, "--target-version", "1.37"}, strings.Fields(c.flags)...)...)
			cmd.Dir = dir
			cmd.Env = []string{"HOME=" + dir, "XDG_CACHE_HOME=" + filepath.Join(dir, "cache"), "TMPDIR=" + filepath.Join(dir, "tmp"), "PATH=" + filepath.Join(dir, "bin")}
			var out, said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &said
			_ = cmd.Run()
			if code := cmd.ProcessState.ExitCode(); code != 1 || out.Len() > 0 {
				t.Errorf("exit %d, printed %q", code, out.String())
			}
			for _, words := range c.says {
				if !strings.Contains(said.String(), words) {
					t.Errorf("%q is not in %s", words, said.String())
				}
			}
			if c.not != "" && strings.Contains(said.String(), c.not) {
				t.Errorf("%q is in %s", c.not, said.String())
			}
			left(t, filepath.Join(dir, "tmp"), 1)
			left(t, filepath.Join(dir, "cache"), c.programs)
		})
	}
}

// left requires that many files in the directory, however deep, and none of a build that
// came to nothing.
func left(t *testing.T, dir string, want int) {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && (!d.IsDir() || strings.HasPrefix(d.Name(), "building-") || strings.HasPrefix(d.Name(), "rehearse-")) {
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) != want {
		t.Errorf("left are %v, %v", files, err)
	}
}
