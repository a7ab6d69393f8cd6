package kube

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiversion "k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"

	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

// A Visitor looks at an API server while it is upgraded. Each look is over a new
// connection, so that of several servers behind one address each gets its turn and
// none that has gone is waited for.
type Visitor struct {
	cfg     *rest.Config
	base    string
	options Options
	through *transport.Config
}

// NewVisitor returns a visitor of the API server at cfg.
func NewVisitor(cfg *rest.Config, o Options) (*Visitor, error) {
	o = o.withDefaults(cfg.Timeout)
	cfg = configOf(cfg, o)
	through, err := cfg.TransportConfig()
	if err != nil {
		return nil, err
	}
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, err
	}
	return &Visitor{cfg, strings.TrimSuffix(base.String(), "/"), o, through}, nil
}

// connect returns a client with a connection pool of its own, which leave empties.
func (v *Visitor) connect() (client *http.Client, leave func(), err error) {
	secrets, err := transport.TLSConfigFor(v.through)
	if err != nil {
		return nil, nil, err
	}
	dial := (&net.Dialer{Timeout: v.options.RequestTimeout}).DialContext
	if v.through.DialHolder != nil {
		dial = v.through.DialHolder.Dial
	}
	proxy := http.ProxyFromEnvironment
	if v.through.Proxy != nil {
		proxy = v.through.Proxy
	}
	pool := &http.Transport{TLSClientConfig: secrets, DialContext: dial, Proxy: proxy, ForceAttemptHTTP2: true, TLSHandshakeTimeout: v.options.RequestTimeout}
	rt, err := transport.HTTPWrappersForConfig(v.through, pool)
	if err != nil {
		return nil, nil, err
	}
	return &http.Client{Transport: rt}, pool.CloseIdleConnections, nil
}

// Visit asks one API server whether it is ready, what version it is and, if
// metrics is true, for its metrics, all over one connection. The error says that
// none answered, or none to this caller.
func (v *Visitor) Visit(ctx context.Context, metrics bool) (watch.Visit, error) {
	client, leave, err := v.connect()
	if err != nil {
		return watch.Visit{}, err
	}
	defer leave()
	began := time.Now()
	code, body, err := v.get(ctx, client, "/readyz?verbose")
	out := watch.Visit{Ready: code == http.StatusOK, Milliseconds: time.Since(began).Milliseconds()}
	switch {
	case err != nil:
		return out, err
	case code == http.StatusUnauthorized || code == http.StatusForbidden || code == http.StatusNotFound:
		return out, fmt.Errorf("/readyz: %s", http.StatusText(code))
	}
	if out.Red = redChecks(body); !out.Ready && out.Red == nil {
		return out, fmt.Errorf("/readyz answers %d: %.200q", code, body)
	}
	if out.Version, err = v.version(ctx, client); err != nil {
		return out, err
	}
	if metrics {
		if err := v.metrics(ctx, client, &out); err != nil {
			out.MetricsError = Why(err).Detail
		}
	}
	return out, nil
}

func (v *Visitor) version(ctx context.Context, client *http.Client) (string, error) {
	code, body, err := v.get(ctx, client, "/version")
	if err != nil {
		return "", err
	}
	var info apiversion.Info
	if err := json.Unmarshal(body, &info); err != nil || info.GitVersion == "" {
		return "", fmt.Errorf("/version answers %d with something that is no version: %.80q", code, body)
	}
	return strings.TrimPrefix(info.GitVersion, "v"), nil
}

func (v *Visitor) metrics(ctx context.Context, client *http.Client, out *watch.Visit) error {
	resp, err := v.ask(ctx, client, "/metrics")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	families, err := families(resp.Body)
	if err != nil {
		return err
	}
	m := told(families)
	m.Writes, m.Deprecated = nil, nil
	out.Metrics = &m
	return nil
}

func (v *Visitor) ask(ctx context.Context, client *http.Client, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, nil)
	if err != nil {
		return nil, err
	}
	return client.Do(req)
}

// mostHealth bounds an answer of /readyz or /version.
const mostHealth = 1 << 20

func (v *Visitor) get(ctx context.Context, client *http.Client, path string) (int, []byte, error) {
	resp, err := v.ask(ctx, client, path)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(bufio.NewReader(io.LimitReader(resp.Body, mostHealth)))
	return resp.StatusCode, body, err
}

// red is a line of /readyz?verbose of a check that has failed (k8s.io/apiserver
// pkg/server/healthz/healthz.go).
var red = regexp.MustCompile(`(?m)^\[-\](\S+) failed`)

func redChecks(body []byte) []string {
	var names []string
	for _, m := range red.FindAllSubmatch(body, -1) {
		names = append(names, string(m[1]))
	}
	return names
}

func (v *Visitor) reader() (*reader, func(), error) {
	client, leave, err := v.connect()
	if err != nil {
		return nil, nil, err
	}
	r, err := newReaderOver(v.cfg, v.options, client)
	return r, leave, err
}

// Leases returns those of the API servers.
func (v *Visitor) Leases(ctx context.Context) ([]watch.Lease, error) {
	r, leave, err := v.reader()
	if err != nil {
		return nil, err
	}
	defer leave()
	o := metav1.ListOptions{LabelSelector: identitySelector}
	return list(quiet(ctx), r, r.typed.CoordinationV1().Leases(metav1.NamespaceSystem).List, o, func(l *coordinationv1.Lease) (watch.Lease, bool) {
		out := watch.Lease{Name: l.Name, Host: l.Labels[corev1.LabelHostname], Renewed: renewed(l)}
		if l.Spec.HolderIdentity != nil {
			out.Holder = *l.Spec.HolderIdentity
		}
		return out, true
	})
}

// Nodes returns the nodes and when each renewed its lease.
func (v *Visitor) Nodes(ctx context.Context) (watch.NodesSeen, error) {
	out := watch.NodesSeen{Pools: map[string][]time.Time{}}
	r, leave, err := v.reader()
	if err != nil {
		return out, err
	}
	defer leave()
	_, err = list(quiet(ctx), r, r.typed.CoreV1().Nodes().List, metav1.ListOptions{}, func(n *corev1.Node) (struct{}, bool) {
		out.Total++
		if pool := n.Labels[poolLabel]; pool != "" {
			out.Pools[pool] = append(out.Pools[pool], n.CreationTimestamp.UTC())
		}
		if !isReady(n) {
			out.NotReady = append(out.NotReady, n.Name)
		}
		if n.Annotations[operationAnnotation] == "AUTO_REPAIR_NODES" {
			out.Repairing = append(out.Repairing, n.Name)
		}
		return struct{}{}, false
	})
	if err != nil {
		return watch.NodesSeen{}, err
	}
	out.Renewed, err = nodeLeases(quiet(ctx), &cluster{reader: r})
	return out, err
}

func isReady(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
