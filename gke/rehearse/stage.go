package rehearse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

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
	steps := rehearsal.Objects(st.Snapshot, time.Now())
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
	if err := unstarted(start, out.Replica); err != nil {
		return nil, err
	}
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
	for _, s := range append(rehearsal.Objects(st.Snapshot, time.Now()), judges) {
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
// again. What the starts before have written is undone, so that each write is made again.
func (st *stage) act(ctx context.Context, a Act, r *rehearsal.Result) error {
	if err := st.loader.remove(ctx, rehearsal.Judges(st.current, st.trusted.PEM).Objects); err != nil {
		return err
	}
	st.current = a.Snapshot
	for _, step := range append(rehearsal.Objects(a.Snapshot, time.Now()), rehearsal.Judges(a.Snapshot, st.trusted.PEM)) {
		if err := st.loader.load(ctx, step); err != nil {
			return err
		}
	}
	return st.upgrade(ctx, a.Snapshot, r)
}
