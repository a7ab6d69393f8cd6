package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

// A following is gke-preflight watch while it runs, on a cluster whose API servers
// are behind one address as GKE's are.
type following struct {
	cmd    *exec.Cmd
	events chan watch.Event
	stderr bytes.Buffer
}

// follow starts the tool; with a report it looks at nothing at the start.
func (x tool) follow(t *testing.T, c *rig.Cluster, r *preflight.Report) *following {
	t.Helper()
	dir := t.TempDir()
	address := "https://" + balance(t, c)
	heartbeat(t, c, address)
	b, err := os.ReadFile(c.Kubeconfig)
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err == nil {
		err = os.WriteFile(kubeconfig, bytes.ReplaceAll(b, []byte(c.First.URL()), []byte(address)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"watch", "--kubeconfig", kubeconfig, "--no-gke", "--target-version", rig.Newest(t).Version, "--every", "500ms", "-o", "json"}
	if r != nil {
		b, err := json.Marshal(r)
		file := filepath.Join(dir, "report.json")
		if err == nil {
			err = os.WriteFile(file, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, "--report", file)
	}
	f := &following{cmd: exec.Command(string(x), args...), events: make(chan watch.Event, 1000)}
	f.cmd.Stderr = &f.stderr
	out, err := f.cmd.StdoutPipe()
	if err == nil {
		err = f.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go f.read(out)
	return f
}

// heartbeat renews the nodes' leases as kubelets do, by the address that outlives the
// old API server.
func heartbeat(t *testing.T, c *rig.Cluster, address string) {
	t.Helper()
	cfg := rest.CopyConfig(c.Config)
	cfg.Host = address
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	go (&rig.Cluster{Cluster: &controlplane.Cluster{Config: cfg, Client: client}}).Heartbeat(t.Context())
}

// followFrom gives the tool the report where the webhook is frozen, and lets it look
// for itself where not, and returns when it knows what is foretold.
func (x tool) followFrom(t *testing.T, c *rig.Cluster, s scenario, r preflight.Report) *following {
	t.Helper()
	given := &r
	if !s.frozen {
		given = nil
	}
	f := x.follow(t, c, given)
	if _, found := f.until(t, watch.Foretold, time.Minute); !found {
		t.Fatalf("nothing was foretold: %s", f.stderr.String())
	}
	return f
}

func (f *following) read(out io.Reader) {
	defer close(f.events)
	for d := json.NewDecoder(out); ; {
		var e watch.Event
		if d.Decode(&e) != nil {
			return
		}
		f.events <- e
	}
}

// until returns what was said up to the first event of that kind; everything if
// there is none.
func (f *following) until(t *testing.T, k watch.Kind, bound time.Duration) (all []watch.Event, found bool) {
	t.Helper()
	late := time.After(bound)
	for {
		select {
		case e, open := <-f.events:
			if !open {
				return all, false
			}
			t.Logf("%s %s", e.Kind, e.Text)
			all = append(all, e)
			if e.Kind == k {
				return all, true
			}
		case <-late:
			return all, false
		}
	}
}

// exit waits for the tool to end.
func (f *following) exit(t *testing.T) int {
	t.Helper()
	err := f.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return f.cmd.ProcessState.ExitCode()
}

// foretoldChain requires the tool to have named the chain, and in the end to say
// that it was not seen to end well.
func foretoldChain(t *testing.T, f *following, started time.Time) {
	t.Helper()
	var e watch.Event
	for e.Hook != "rbac/bootstrap-roles" {
		all, found := f.until(t, watch.Chain, 90*time.Second)
		if !found {
			t.Fatalf("the chain was not named: %s", f.stderr.String())
		}
		e = all[len(all)-1]
	}
	after := e.At.Sub(started)
	t.Logf("the chain was named %s after the replica was started", after)
	if after > 30*time.Second {
		t.Error("that is more than 30 s")
	}
	if len(e.Culprits) != 1 || e.Culprits[0].Name != "opa" || !strings.Contains(e.Text, "does not answer in time") {
		t.Errorf("the chain is %+v", e)
	}
	deletes := func(command string) bool {
		return strings.HasSuffix(command, "kubectl delete validatingwebhookconfiguration opa")
	}
	if len(e.Stop) != 1 || !deletes(e.Stop[0].Command) {
		t.Errorf("the command is %+v", e.Stop)
	}
	if err := f.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	f.until(t, watch.End, time.Minute)
	if code := f.exit(t); code != preflight.ExitNotReady {
		t.Errorf("exit code %d: %s", code, f.stderr.String())
	}
}

// nothingHappened requires the tool to have stayed calm, and to end with the old
// API server.
func nothingHappened(t *testing.T, c *rig.Cluster, f *following) {
	t.Helper()
	c.First.Stop()
	all, found := f.until(t, watch.End, time.Minute)
	if !found {
		t.Fatalf("the end was not seen: %s", f.stderr.String())
	}
	if i := slices.IndexFunc(all, func(e watch.Event) bool { return e.Alarm || e.Kind == watch.Chain }); i >= 0 {
		t.Errorf("an alarm: %s", all[i].Text)
	}
	if code := f.exit(t); code != preflight.ExitReady {
		t.Errorf("exit code %d: %s", code, f.stderr.String())
	}
}

// balance forwards each connection to the next API server that takes it, and
// returns the address to connect to.
func balance(t *testing.T, c *rig.Cluster) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	context.AfterFunc(t.Context(), func() { _ = l.Close() })
	var turn atomic.Int64
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go forward(in, c, int(turn.Add(1)))
		}
	}()
	return l.Addr().String()
}

func forward(in net.Conn, c *rig.Cluster, turn int) {
	defer in.Close()
	replicas := c.Replicas()
	for n := range replicas {
		out, err := net.Dial("tcp", replicas[(turn+n)%len(replicas)].Address.String())
		if err != nil {
			continue
		}
		go func() {
			_, _ = io.Copy(out, in)
			_ = out.Close()
		}()
		_, _ = io.Copy(in, out)
		return
	}
}
