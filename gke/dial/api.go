package dial

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionv1beta1 "k8s.io/api/admission/v1beta1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/dynamic"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// An api is the running API server.
type api struct {
	config    *rest.Config
	transport http.RoundTripper
	access    authorizationclient.SelfSubjectAccessReviewInterface

	// loopback and self make dry-runs, as a starting API server and as oneself.
	loopback, self dynamic.Interface
	// onlySelf is set once it is known that the loopback identity can't be taken,
	// and where the user has chosen one to take.
	onlySelf atomic.Bool

	mu  sync.Mutex
	may map[string]func() (bool, error)
}

func newAPI(config *rest.Config) (*api, error) {
	if config == nil {
		return nil, errors.New("there is no connection to the API server")
	}
	c := rest.CopyConfig(config)
	c.QPS = -1
	c.Timeout = 0
	c.WarningHandler = rest.NoWarnings{}
	a := &api{config: reviewConfig(c), may: map[string]func() (bool, error){}}
	var err error
	if a.transport, err = rest.TransportFor(c); err != nil {
		return nil, err
	}
	access, err := authorizationclient.NewForConfig(c)
	if err != nil {
		return nil, err
	}
	a.access = access.SelfSubjectAccessReviews()
	c = rest.CopyConfig(c)
	c.Wrap(func(next http.RoundTripper) http.RoundTripper { return tryingOnly{next} })
	if a.self, err = dynamic.NewForConfig(c); err != nil {
		return nil, err
	}
	if c.Impersonate.UserName != "" {
		a.onlySelf.Store(true)
	}
	as := rest.CopyConfig(c)
	as.Impersonate = rest.ImpersonationConfig{UserName: bootstrap.Loopback.Name, Groups: bootstrap.Loopback.Groups}
	a.loopback, err = dynamic.NewForConfig(as)
	return a, err
}

// reviewConfig reads what comes back as the API server reads a webhook's answer
// (k8s.io/apiserver pkg/util/webhook/client.go, NewClientManager).
func reviewConfig(c *rest.Config) *rest.Config {
	scheme := runtime.NewScheme()
	_ = admissionv1beta1.AddToScheme(scheme)
	_ = admissionv1.AddToScheme(scheme)
	codec := serializer.NewCodecFactory(scheme).LegacyCodec(admissionv1beta1.SchemeGroupVersion, admissionv1.SchemeGroupVersion)
	c = rest.CopyConfig(c)
	c.ContentConfig = rest.ContentConfig{
		ContentType:          runtime.ContentTypeJSON,
		NegotiatedSerializer: serializer.NegotiatedSerializerWrapper(runtime.SerializerInfo{Serializer: codec}),
	}
	return c
}

// answers reports whether the API server itself answers at all.
func (a *api) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	client, err := rest.UnversionedRESTClientForConfigAndClient(a.config, &http.Client{Transport: a.transport})
	if err != nil {
		return false
	}
	var code int
	client.Get().AbsPath("/version").MaxRetries(0).Do(ctx).StatusCode(&code)
	return code != 0
}

// allows reports whether the user may create that subresource in the namespace,
// as services/proxy and pods/portforward. It asks once, and waits no longer than
// patience: a review is itself created, so that a webhook may hold it up.
func (a *api) allows(ctx context.Context, patience time.Duration, resource, subresource, namespace string) (bool, error) {
	return a.allowed(ctx, patience, authorizationv1.ResourceAttributes{Namespace: namespace, Verb: "create", Resource: resource, Subresource: subresource})
}

// allowed is allows for anything.
func (a *api) allowed(ctx context.Context, patience time.Duration, what authorizationv1.ResourceAttributes) (bool, error) {
	k := fmt.Sprintf("%q", []string{what.Verb, what.Group, what.Resource, what.Subresource, what.Namespace, what.Name})
	a.mu.Lock()
	ask, ok := a.may[k]
	if !ok {
		ask = sync.OnceValues(func() (bool, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			defer cancel()
			return a.review(ctx, &what)
		})
		a.may[k] = ask
	}
	a.mu.Unlock()
	return ask()
}

// reviewPatience is how long a dry-run waits to hear whether it is permitted.
const reviewPatience = 3 * time.Second

// takesLoopback reports whether the user may impersonate a starting API server, which
// is a member of system:masters: where that is refused it is not tried, so that of a run
// without that right nothing forbidden is in the audit log. Where there is no answer, as
// where a webhook stops the question itself, it is tried.
func (a *api) takesLoopback(ctx context.Context) bool {
	asked := []authorizationv1.ResourceAttributes{{Verb: "impersonate", Resource: "users", Name: bootstrap.Loopback.Name}}
	for _, group := range bootstrap.Loopback.Groups {
		asked = append(asked, authorizationv1.ResourceAttributes{Verb: "impersonate", Resource: "groups", Name: group})
	}
	for _, what := range asked {
		if ok, err := a.allowed(ctx, reviewPatience, what); err != nil || !ok {
			return err != nil
		}
	}
	return true
}

// verbOf is what the API server authorizes a write as.
var verbOf = map[bootstrap.Operation]string{bootstrap.Create: "create", bootstrap.Update: "update", bootstrap.Delete: "delete"}

// forbids reports whether the user may not make the write, not even as a dry-run. A
// right may be for all objects of the kind, or for one by its name.
func (a *api) forbids(ctx context.Context, w bootstrap.Write) bool {
	what := authorizationv1.ResourceAttributes{
		Verb: verbOf[w.Operation], Group: w.Resource.Group, Version: w.Resource.Version, Resource: w.Resource.Resource, Subresource: w.Subresource, Namespace: w.Namespace,
	}
	ok, err := a.allowed(ctx, reviewPatience, what)
	if !ok && err == nil && w.Operation != bootstrap.Create {
		what.Name = w.Name
		ok, err = a.allowed(ctx, reviewPatience, what)
	}
	return !ok && err == nil
}

func (a *api) review(ctx context.Context, what *authorizationv1.ResourceAttributes) (bool, error) {
	review, err := a.access.Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: what},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
