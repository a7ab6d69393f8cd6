package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/gke-preflight/gke-preflight/gke/requests"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A reader sends requests to one API server, a bounded number at a time.
type reader struct {
	typed   kubernetes.Interface
	dynamic dynamic.Interface
	// metadata reads objects without their bodies.
	metadata metadata.Interface
	options  Options
	slots    chan struct{}
}

func newReader(cfg *rest.Config, o Options) (*reader, error) {
	o = o.withDefaults(cfg.Timeout)
	cfg = configOf(cfg, o)
	cfg.Wrap(func(rt http.RoundTripper) http.RoundTripper { return bounded{rt, o.MaxBody} })
	httpClient, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, err
	}
	return newReaderOver(cfg, o, httpClient)
}

func configOf(cfg *rest.Config, o Options) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.UserAgent = requests.UserAgent(o.Version)
	cfg.QPS = -1
	cfg.Timeout = 0
	cfg.WarningHandler, cfg.WarningHandlerWithContext = rest.NoWarnings{}, nil
	return cfg
}

func newReaderOver(cfg *rest.Config, o Options, httpClient *http.Client) (*reader, error) {
	dyn, err := dynamic.NewForConfigAndClient(cfg, httpClient)
	if err != nil {
		return nil, err
	}
	md, err := metadata.NewForConfigAndClient(cfg, httpClient)
	if err != nil {
		return nil, err
	}
	cfg = rest.CopyConfig(cfg)
	cfg.ContentType = runtime.ContentTypeProtobuf
	cfg.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	typed, err := kubernetes.NewForConfigAndClient(cfg, httpClient)
	if err != nil {
		return nil, err
	}
	return &reader{typed: typed, dynamic: dyn, metadata: md, options: o, slots: make(chan struct{}, atOnce)}, nil
}

// quiet keeps client-go from logging what becomes an absence.
func quiet(ctx context.Context) context.Context {
	return klog.NewContext(ctx, logr.Discard())
}

// call runs one request, and once more if that failed in a way that may pass: one
// answer of a server that restarts decides no verdict.
func (r *reader) call(ctx context.Context, do func(context.Context) error) error {
	err := r.once(ctx, do)
	if !passing(err) {
		return err
	}
	select {
	case <-time.After(r.options.Pause):
	case <-ctx.Done():
		return err
	}
	return r.once(ctx, do)
}

// passing reports whether err may be gone at the next try: an error of the server's
// own, or a connection that broke off. A server that does not answer in time was given
// its time, and one that refuses means it.
func passing(err error) bool {
	var status *apierrors.StatusError
	switch {
	case err == nil, CertificateRefused(err), CredentialsFailed(err), errors.Is(err, errTooLong):
		return false
	case errors.As(err, &status):
		return status.ErrStatus.Code == http.StatusInternalServerError || status.ErrStatus.Code == http.StatusBadGateway || status.ErrStatus.Code == http.StatusServiceUnavailable
	}
	reason := Why(err).Reason
	return reason == facts.Unreachable || reason == facts.Truncated
}

// once runs one request when a slot is free, bounded by the request timeout.
func (r *reader) once(ctx context.Context, do func(context.Context) error) error {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.slots }()
	ctx, cancel := context.WithTimeout(ctx, r.options.RequestTimeout)
	defer cancel()
	return do(ctx)
}

// get reads a single object, nil if it does not exist.
func get[T any](ctx context.Context, r *reader, name string, query func(context.Context, string, metav1.GetOptions) (*T, error)) (*T, error) {
	var object *T
	err := r.call(ctx, func(ctx context.Context) (err error) {
		object, err = query(ctx, name, metav1.GetOptions{})
		return err
	})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return object, err
}

// A page is one answer to a LIST.
type page interface {
	runtime.Object
	metav1.ListInterface
}

// list reads all objects and returns what project makes of each, by namespace
// and name, without those for which it returns false. project may change the
// object that it is given, and must keep no pointer into it. A list that breaks
// off is read once more from the start.
func list[T, V any, L page](ctx context.Context, r *reader, query func(context.Context, metav1.ListOptions) (L, error), o metav1.ListOptions, project func(*T) (V, bool)) ([]V, error) {
	read, err := twice(func() ([]named[V], error) { return pages(ctx, r, query, o, project) })
	if err != nil {
		return nil, err
	}
	return inOrder(read), nil
}

// twice reads once more what broke off.
func twice[V any](read func() (V, error)) (V, error) {
	v, err := read()
	if err != nil && Why(err).Reason == facts.Truncated && !errors.Is(err, errTooLong) && !errors.Is(err, errRepeats) {
		return read()
	}
	return v, err
}

// inOrder returns what was read, by namespace and name.
func inOrder[V any](read []named[V]) []V {
	slices.SortFunc(read, func(a, b named[V]) int {
		return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.name, b.name))
	})
	out := make([]V, len(read))
	for i := range read {
		out[i] = read[i].value
	}
	return out
}

// errNoList: client-go takes JSON of another kind, or of no kind at all, for an
// empty list. Every list of an API server has a resource version.
var errNoList = errors.New("the answer is no list: something else than a Kubernetes API server gave it")

// errRepeats: a list that goes round in a circle never ends.
var errRepeats = errors.New("the list does not end: the server gives a page again that it gave before")

type named[V any] struct {
	namespace, name string
	value           V
}

func pages[T, V any, L page](ctx context.Context, r *reader, query func(context.Context, metav1.ListOptions) (L, error), o metav1.ListOptions, project func(*T) (V, bool)) ([]named[V], error) {
	var out []named[V]
	o.Limit = r.options.PageSize
	var given tokens
	for {
		var p L
		err := r.call(ctx, func(ctx context.Context) (err error) {
			p, err = query(ctx, o)
			return err
		})
		if err != nil {
			return nil, err
		}
		if p.GetResourceVersion() == "" {
			return nil, errNoList
		}
		err = meta.EachListItem(p, func(item runtime.Object) error {
			if v, ok := project(item.(any).(*T)); ok {
				m := item.(metav1.Object)
				out = append(out, named[V]{m.GetNamespace(), m.GetName(), v})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if o.Continue = p.GetContinue(); o.Continue == "" {
			return out, nil
		}
		if given.again(o.Continue) {
			return nil, errRepeats
		}
	}
}

// tokens are the continue tokens of a list's pages.
type tokens map[string]bool

// again reports whether a page of that token was given before.
func (t *tokens) again(token string) bool {
	if *t == nil {
		*t = tokens{}
	}
	was := (*t)[token]
	(*t)[token] = true
	return was
}

// listKind is list for a kind that the server may not serve, or not at the
// version that query asks for: then it reads the newest version that is served,
// whose objects must have the same fields. It returns none if there is none.
func listKind[T, V any, L page](ctx context.Context, c *cluster, resource schema.GroupResource, query func(context.Context, metav1.ListOptions) (L, error), project func(*T) (V, bool)) ([]V, error) {
	out, err := list(ctx, c.reader, query, metav1.ListOptions{}, project)
	if !apierrors.IsNotFound(err) {
		return out, err
	}
	resources, discoveryErr := c.resources()
	if discoveryErr != nil {
		return nil, fmt.Errorf("%s: not found, and whether it is served is unknown: %w", resource, discoveryErr)
	}
	gvr, ok := newest(resources, resource)
	switch {
	case !ok:
		return []V{}, nil
	case gvr.Version == "v1":
		return nil, fmt.Errorf("%s: not found although the server says that it serves it", resource)
	}
	var broken error
	out, err = list(ctx, c.reader, c.reader.dynamic.Resource(gvr).List, metav1.ListOptions{}, func(u *unstructured.Unstructured) (V, bool) {
		object := new(T)
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, object); err != nil {
			broken = fmt.Errorf("%s %s: %w", gvr, u.GetName(), err)
		}
		return project(object)
	})
	if err == nil {
		err = broken
	}
	return out, err
}
