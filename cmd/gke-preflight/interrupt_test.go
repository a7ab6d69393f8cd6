package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A run that is interrupted says so, gives no verdict, exits with 1 and leaves every
// file as it was, whoever it waits for.
func TestInterrupted(t *testing.T) {
	const plugin = `exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: gke-gcloud-auth-plugin, interactiveMode: Never}`
	for name, c := range map[string]struct {
		door
		args   string
		signal os.Signal
		says   string
	}{
		"check":                       {door{}, "check --no-gke --target-version 1.37 -o table -o json=kept.json -o html=new.html", os.Interrupt, "interrupt"},
		"snapshot":                    {door{}, "snapshot --no-gke --target-version 1.37 --file kept.json", syscall.SIGHUP, "hangup"},
		"nightly":                     {door{}, "nightly --no-gke --target-version 1.37 --reports reports -o json=kept.json", syscall.SIGTERM, "terminated"},
		"simulate":                    {door{}, "simulate --no-gke --target-version 1.37 -o json", os.Interrupt, "interrupt"},
		"whatif":                      {door{}, "whatif --no-gke --target-version 1.37", os.Interrupt, "interrupt"},
		"fix":                         {door{}, "fix --no-gke --target-version 1.37 --out cures", os.Interrupt, "interrupt"},
		"terraform":                   {door{}, "terraform --no-gke --target-version 1.37", os.Interrupt, "interrupt"},
		"fleet":                       {door{}, "fleet --clusters list --gke-endpoint GKE --target-version 1.37 -o json=kept.json", syscall.SIGTERM, "terminated"},
		"fleet before it has begun":   {door{}, "fleet --projects shop --gke-endpoint GKE --reports reports -o json=kept.json", os.Interrupt, "interrupt"},
		"a check while it logs in":    {door{user: plugin, plugin: "touch asked; sleep 1000"}, "check --no-gke --target-version 1.37 -o json=kept.json", syscall.SIGTERM, "terminated"},
		"a watch before it has begun": {door{user: plugin, plugin: "touch asked; sleep 1000"}, "watch --no-gke --target-version 1.37 --record kept.json", syscall.SIGTERM, "terminated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan struct{})
			var once sync.Once
			c.answer = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/version" {
					_, _ = io.WriteString(w, `{"major": "1", "minor": "36", "gitVersion": "v1.36.3"}`)
					return
				}
				once.Do(func() { close(asked) })
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}
			s := c.open(t)
			write(t, filepath.Join(s.dir, "kept.json"), "old")
			write(t, filepath.Join(s.dir, "list"), "shop/europe-west1/prod\n")
			gke := httptest.NewServer(c.answer)
			t.Cleanup(gke.CloseClientConnections)
			before := tree(t, s.dir)
			cmd := s.command(t, strings.Fields(strings.ReplaceAll(c.args, "GKE", gke.URL))...)
			cmd.Stdin = strings.NewReader("{}")
			var out, said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if c.plugin == "" {
				<-asked
			} else {
				await(t, filepath.Join(s.dir, "asked"))
			}
			if err := cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 1 || out.Len() > 0 {
				t.Errorf("exit %d, printed %q", code, out.String())
			}
			if want := "gke-preflight: interrupted (" + c.says + " signal received): there is no verdict\n"; said.String() != want {
				t.Errorf("said %q, want %q", said.String(), want)
			}
			if after := tree(t, s.dir); after != before {
				t.Errorf("before\n%safter\n%s", before, after)
			}
		})
	}
}

// Whoever can't be interrupted is left soon, and killed by a second signal.
func TestStuck(t *testing.T) {
	for signals, want := range map[int]string{1: "exit status 1", 2: "signal: interrupt"} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
				t.Fatal(err)
			}
			program, err := exec.LookPath("gke-preflight")
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(program, "demo", "-o", "table", "-o", "json=pipe")
			cmd.Dir = dir
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			// The table comes before it waits for somebody to read the pipe.
			if _, err := io.ReadAtLeast(out, make([]byte, 1<<16), 100); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			_ = cmd.Process.Signal(os.Interrupt)
			go func() { ended <- cmd.Wait() }()
			for signals > 1 {
				// Until the first is heeded a second is the same.
				time.Sleep(10 * time.Millisecond)
				if cmd.Process.Signal(os.Interrupt) != nil {
					break
				}
			}
			if err := <-ended; err == nil || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
}

// await waits for a file.
func await(t *testing.T, file string) {
	t.Helper()
	for t.Context().Err() == nil {
		if _, err := os.Stat(file); err == nil {
			return
		}
	}
}

// tree lists what is below a directory, with the content of files.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "asked" {
			return err
		}
		content, err := os.ReadFile(path)
		b.WriteString(strings.TrimPrefix(path, dir) + " " + string(content) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
