package dial

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

const (
	// objectsAtOnce is how many objects are read at the same time.
	objectsAtOnce = 12
	// objectPatience is how long one may take, and objectsPatience all of them.
	objectPatience  = 5 * time.Second
	objectsPatience = 20 * time.Second
)

// Objects reads what questions are made from, at the moment of asking: each by a list of
// one by its name, for the right to list is all that a check needs, and only where an
// access review says that the user has it. What can't be read is left out; a kind that is
// not of [lifeline.Readable] never is.
func Objects(ctx context.Context, wanted []bootstrap.Source, c Clients) map[bootstrap.Source]lifeline.Found {
	p := &prober{Clients: c}
	found := map[bootstrap.Source]lifeline.Found{}
	if p.api, p.apiErr = newAPI(c.Config); p.apiErr != nil {
		return found
	}
	ctx, cancel := context.WithTimeout(klog.NewContext(ctx, logr.Discard()), objectsPatience)
	defer cancel()
	makers := map[bootstrap.Source]func() *unstructured.Unstructured{}
	var mu sync.Mutex
	slots := make(chan struct{}, objectsAtOnce)
	var wg sync.WaitGroup
	for _, s := range wanted {
		maker := bootstrap.Source{Resource: s.Maker, Namespace: s.Namespace, Name: s.MakerName}
		if makers[maker] == nil {
			makers[maker] = sync.OnceValue(func() *unstructured.Unstructured {
				template, _ := p.one(ctx, maker)
				return template
			})
		}
		made := makers[maker]
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			var f lifeline.Found
			f.Object, f.Why = p.one(ctx, s)
			if f.Object != nil && s.MakerName != "" {
				f.Maker = made()
			}
			mu.Lock()
			defer mu.Unlock()
			found[s] = f
		})
	}
	wg.Wait()
	return found
}

// one is the object; nil if there is none, or why says why it could not be read.
func (p *prober) one(ctx context.Context, s bootstrap.Source) (o *unstructured.Unstructured, why string) {
	if !slices.Contains(lifeline.Readable(), s.Resource) {
		return nil, ""
	}
	switch ok, err := p.mayList(ctx, s); {
	case err != nil:
		return nil, fmt.Sprintf("whether %s may be listed can't be told: %s", s.Resource.GroupResource(), cause(err))
	case !ok:
		return nil, fmt.Sprintf("no permission to list %s", s.Resource.GroupResource())
	}
	ctx, cancel := context.WithTimeout(ctx, objectPatience)
	defer cancel()
	code, content, err := p.get(ctx, listPath(s))
	var page unstructured.UnstructuredList
	if code == http.StatusOK && err == nil {
		err = page.UnmarshalJSON(content)
	}
	switch {
	case code == http.StatusNotFound:
		return nil, ""
	case err != nil:
		return nil, fmt.Sprintf("%s could not be read: %s", s.Resource.GroupResource(), cause(err))
	case len(page.Items) == 0:
		return nil, ""
	}
	o = &page.Items[0]
	if s.Name != "" && o.GetName() != s.Name || s.Namespace != "" && o.GetNamespace() != s.Namespace || o.GetKind() == "" {
		return nil, fmt.Sprintf("the answer to a list of %s is another", s.Resource.GroupResource())
	}
	return o, ""
}

// mayList reports whether the user may list the kind, everywhere or in that namespace.
func (p *prober) mayList(ctx context.Context, s bootstrap.Source) (bool, error) {
	what := authorizationv1.ResourceAttributes{Verb: "list", Group: s.Resource.Group, Version: s.Resource.Version, Resource: s.Resource.Resource}
	ok, err := p.api.allowed(ctx, reviewPatience, what)
	if !ok && err == nil && s.Namespace != "" {
		what.Namespace = s.Namespace
		ok, err = p.api.allowed(ctx, reviewPatience, what)
	}
	return ok, err
}

func listPath(s bootstrap.Source) string {
	query := url.Values{"limit": {"1"}}
	if s.Name != "" {
		query.Set("fieldSelector", "metadata.name="+s.Name)
	}
	return collectionPath(s.Resource, s.Namespace) + "?" + query.Encode()
}

func collectionPath(r schema.GroupVersionResource, namespace string) string {
	root := path.Join("/apis", r.Group, r.Version)
	if r.Group == "" {
		root = path.Join("/api", r.Version)
	}
	if namespace != "" {
		root = path.Join(root, "namespaces", namespace)
	}
	return fmt.Sprintf("%s/%s", root, r.Resource)
}
