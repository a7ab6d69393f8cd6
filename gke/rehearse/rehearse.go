// Package rehearse makes an upgrade of a recorded cluster on real API servers of its
// own: etcd and a kube-apiserver of the cluster's minor are started and made to hold
// what was recorded, and the target's is started beside it, with stand-ins for the
// webhooks' backends. It looks at no cluster, and needs no network and no root.
package rehearse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// Options say what to rehearse. Zero values are as stated.
type Options struct {
	// Snapshot is the cluster. Its target is what is upgraded to.
	Snapshot *facts.Snapshot
	// Name says what was made of the cluster that was seen; empty if nothing.
	Name string
	// After are what to do to the cluster afterwards, each followed by another start.
	After []Act
	// Find returns the programs to run; nil for [binaries.Find].
	Find func(name, version string) (binaries.Binary, error)
	// Kubelet restarts the target as a kubelet with the liveness probe of GCE's manifest
	// does.
	Kubelet bool
	// Say is told what is being done; nil for nobody.
	Say func(format string, args ...any)
	// StandIns are who answers; nil for [rehearsal.StandIns].
	StandIns func(*facts.Snapshot) []*rehearsal.StandIn
}

// An Act is a change to the cluster that is rehearsed: the webhooks and policies of
// Snapshot take the place of those that are there. Name says what is changed, such as
// "with the patches of fix".
type Act struct {
	Name     string
	Snapshot *facts.Snapshot
}

// Run makes the rehearsal in a folder of its own, which it removes. When it returns
// none of the programs runs any more, also where ctx ended it. There is a result for the
// cluster as it is, and one for each act.
func Run(ctx context.Context, o Options) ([]rehearsal.Result, error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if o.Find == nil {
		o.Find = binaries.Find
	}
	if o.StandIns == nil {
		o.StandIns = rehearsal.StandIns
	}
	if runtime.GOOS == "windows" {
		return nil, errors.New("a rehearsal takes Linux or macOS: record the cluster with snapshot, and rehearse it there")
	}
	from, to, err := minors(o.Snapshot)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "rehearse-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	st := &stage{Options: o, dir: dir, from: from, to: to, current: o.Snapshot}
	defer st.close()
	all, err := st.play(ctx, cancel)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	if err != nil && full(dir) {
		err = fmt.Errorf("%w: %w", err, syscall.ENOSPC)
	}
	return all, explained(err)
}

// full reports whether a program of the rehearsal has said that its disk is.
func full(dir string) bool {
	found := false
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "log") && !d.IsDir() {
			b, err := os.ReadFile(path)
			found = found || err == nil && bytes.Contains(b, []byte("no space left on device"))
		}
		return nil
	})
	return found
}

// explained adds to an error what is to be done about it, where the programs' own words
// show what it comes from.
func explained(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the disk of %s is full: set TMPDIR to a folder with 500 MB", os.TempDir())
	case strings.Contains(err.Error(), "address already in use"):
		return fmt.Errorf("another program took a port in between; start the rehearsal again: %w", err)
	}
	return err
}

// minors are those of the cluster and of the target, such as 1.35 and 1.36.
func minors(s *facts.Snapshot) (from, to string, err error) {
	v, ok := facts.ServerVersion.Get(s)
	if !ok {
		a, _ := s.Absence(facts.ServerVersion)
		return "", "", fmt.Errorf("the cluster's version is not known (%s), so that there is nothing to rehearse", a)
	}
	running, err := version.Parse(v.GitVersion)
	if err != nil {
		return "", "", err
	}
	if s.Meta.Target == "" {
		return "", "", errors.New("no target is known: pass --target-version")
	}
	target, err := version.Parse(s.Meta.Target)
	if err != nil {
		return "", "", err
	}
	return running.Line(), target.Line(), nil
}

// A stage is a rehearsal while it lasts.
type stage struct {
	Options
	dir      string
	from, to string

	plane   *controlplane.Cluster
	trusted *authority
	other   *authority
	loader  *loader
	// current is whose webhooks and policies are loaded.
	current *facts.Snapshot
	servers int
	ends    []func()
}

func (st *stage) close() {
	for i := len(st.ends) - 1; i >= 0; i-- {
		st.ends[i]()
	}
}

// play starts what is needed, and makes the upgrade and what is to follow it.
func (st *stage) play(ctx context.Context, cancel context.CancelCauseFunc) ([]rehearsal.Result, error) {
	began := time.Now()
	first, err := st.prepare(ctx, cancel)
	first.Name = st.Name
	if err == nil {
		err = st.upgrade(ctx, st.Snapshot, &first)
	}
	if err != nil {
		return nil, err
	}
	first.Seconds, first.Ledger = time.Since(began).Seconds(), st.ledger(first)
	all := []rehearsal.Result{first}
	for _, act := range st.After {
		began := time.Now()
		next := rehearsal.Result{Name: act.Name, From: first.From, Control: first.Control, Loaded: first.Loaded}
		next.Problems = loadingProblems(st.Snapshot, first.Loaded)
		if err := st.act(ctx, act, &next); err != nil {
			return nil, fmt.Errorf("%s: %w", act.Name, err)
		}
		next.Seconds = time.Since(began).Seconds()
		all = append(all, next)
	}
	return all, nil
}

// prepare starts the cluster's own version, makes it hold the recording, and makes the
// control.
func (st *stage) prepare(ctx context.Context, cancel context.CancelCauseFunc) (r rehearsal.Result, err error) {
	for _, a := range []struct {
		made **authority
		name string
	}{{&st.trusted, "rehearsal"}, {&st.other, "other"}} {
		if *a.made, err = newAuthority(a.name); err != nil {
			return r, err
		}
	}
	st.Say("starting etcd and kube-apiserver %s", st.from)
	if err := st.start(ctx, cancel); err != nil {
		return r, err
	}
	r.From = st.plane.First.Version
	if err := st.load(ctx, &r); err != nil {
		return r, err
	}
	r.Control, err = st.control(ctx)
	if err == nil && r.Control.State != string(controlplane.Ready) {
		r.Problems = append(r.Problems, fmt.Sprintf("the control failed: kube-apiserver %s itself does not get ready on what was recorded (%s after %.0f s; red: %s), so that nothing that follows is the upgrade's doing",
			r.From, r.Control.State, r.Control.Seconds, strings.Join(r.Control.Red, ", ")))
	}
	return r, err
}

// start starts etcd and the cluster's own version.
func (st *stage) start(ctx context.Context, cancel context.CancelCauseFunc) error {
	settings := rehearsal.SettingsOf(st.Snapshot)
	_, egress, err := st.egress(st.Snapshot)
	if err != nil {
		return err
	}
	flags := append([]string{"--service-cluster-ip-range=" + settings.ServiceCIDR, egress}, settings.Headers...)
	if settings.Advertise != "" {
		flags = append(flags, "--advertise-address="+settings.Advertise)
	}
	bounded, done := context.WithTimeout(ctx, 2*time.Minute)
	defer done()
	st.plane, err = controlplane.New(bounded, filepath.Join(st.dir, "plane"), controlplane.Options{
		Minor: st.from, Flags: flags, Find: st.Find, OneHostname: !controlplane.RenamesHosts(),
		Trust: &controlplane.Trust{ClientCAs: settings.ClientCAs, FrontProxyCAs: settings.FrontProxyCAs},
	})
	if err != nil {
		return err
	}
	st.ends = append(st.ends, st.plane.Stop)
	for _, p := range []*controlplane.Process{st.plane.Etcd, st.plane.First.Process()} {
		go func() {
			select {
			case <-p.Exited():
				cancel(fmt.Errorf("%s ended in the middle of the rehearsal, which proves nothing:\n%s", p.Name, p.Tail(5)))
			case <-ctx.Done():
			}
		}()
	}
	st.loader, err = newLoader(st.plane.Config)
	return err
}

// egress makes the far end of one API server's egress selector, and returns the flag
// that leads there. Services' webhooks go by "cluster", those with a URL by
// "controlplane" (k8s.io/apiserver pkg/util/webhook/authentication.go): without the
// second they would really be dialled.
func (st *stage) egress(s *facts.Snapshot) (*egress, string, error) {
	st.servers++
	base := filepath.Join(st.dir, fmt.Sprint(st.servers))
	e := &egress{trusted: st.trusted, other: st.other}
	e.behave(st.StandIns(s))
	if err := e.listen(base); err != nil {
		return nil, "", err
	}
	st.ends = append(st.ends, e.close)
	connection := fmt.Sprintf("{proxyProtocol: HTTPConnect, transport: {uds: {udsName: %q}}}", base)
	config := "apiVersion: apiserver.k8s.io/v1beta1\nkind: EgressSelectorConfiguration\negressSelections:\n" +
		"- {name: cluster, connection: " + connection + "}\n- {name: controlplane, connection: " + connection + "}\n"
	return e, "--egress-selector-config-file=" + base + ".yaml", os.WriteFile(base+".yaml", []byte(config), 0o600)
}

// load makes the API server hold what was recorded.
func (st *stage) load(ctx context.Context, r *rehearsal.Result) error {
	began := time.Now()
	steps := rehearsal.Objects(st.Snapshot)
	total := 0
	for _, s := range steps {
		total += len(s.Objects)
	}
	st.Say("loading %d objects", total)
	for _, s := range append(steps, rehearsal.Judges(st.Snapshot, st.trusted.PEM)) {
		if err := st.loader.load(ctx, s); err != nil {
			return err
		}
	}
	r.Loaded.Objects, r.Loaded.Rejected = st.loader.loaded()
	r.Loaded.Seconds = time.Since(began).Seconds()
	r.Problems = append(r.Problems, loadingProblems(st.Snapshot, r.Loaded)...)
	return nil
}

// control starts the cluster's own version once more. What it writes that the upgrade
// would have found is undone.
func (st *stage) control(ctx context.Context) (*rehearsal.Start, error) {
	st.Say("control: starting kube-apiserver %s once more", st.from)
	_, egress, err := st.egress(st.Snapshot)
	if err != nil {
		return nil, err
	}
	out, err := st.plane.Upgrade(ctx, st.from, controlplane.UpgradeOptions{Bound: 90 * time.Second, Flags: []string{egress, advertised(1)}})
	if err != nil {
		return nil, err
	}
	out.Replica.Stop()
	start := startOf(out)
	touched := false
	for _, w := range writesOf(out.Writes) {
		touched = touched || lasting(w)
	}
	if !touched {
		return &start, nil
	}
	judges := rehearsal.Judges(st.Snapshot, st.trusted.PEM)
	if err := st.loader.remove(ctx, judges.Objects); err != nil {
		return nil, err
	}
	again, err := newLoader(st.plane.Config)
	if err != nil {
		return nil, err
	}
	for _, s := range append(rehearsal.Objects(st.Snapshot), judges) {
		if err := again.load(ctx, s); err != nil {
			return nil, err
		}
	}
	return &start, nil
}

// advertised is an address that is nobody's (RFC 5737), so that an API server enters
// itself into default/kubernetes.
func advertised(n int) string { return fmt.Sprintf("--advertise-address=192.0.2.%d", n) }

// act changes the webhooks and policies, and what leads to them, and starts the target
// again. What the starts before have written stays.
func (st *stage) act(ctx context.Context, a Act, r *rehearsal.Result) error {
	if err := st.loader.remove(ctx, rehearsal.Judges(st.current, st.trusted.PEM).Objects); err != nil {
		return err
	}
	st.current = a.Snapshot
	for _, step := range []rehearsal.Step{rehearsal.Surroundings(a.Snapshot), rehearsal.Judges(a.Snapshot, st.trusted.PEM)} {
		if err := st.loader.load(ctx, step); err != nil {
			return err
		}
	}
	return st.upgrade(ctx, a.Snapshot, r)
}
