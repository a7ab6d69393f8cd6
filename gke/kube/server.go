package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	authentication "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiversion "k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// identityTimeout bounds the question for the user: it is a CREATE, so it waits
// for every webhook that matches it, and may not be what a check waits for.
const identityTimeout = 3 * time.Second

// Identity returns the user that the API server knows us as; empty, without an
// error, where it does not say: the question may be forbidden, unknown to it, or
// held up by a webhook. An error says that the API server can't be reached with
// these credentials.
func Identity(ctx context.Context, cfg *rest.Config, o Options) (string, error) {
	r, err := newReader(cfg, o)
	if err != nil {
		return "", err
	}
	if _, err := r.version(ctx); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(quiet(ctx), identityTimeout)
	defer cancel()
	review, err := r.typed.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authentication.SelfSubjectReview{}, metav1.CreateOptions{})
	switch {
	case apierrors.IsUnauthorized(err):
		return "", err
	case err != nil:
		return "", nil
	}
	return review.Status.UserInfo.Username, nil
}

func version(ctx context.Context, c *cluster) (facts.Version, error) { return c.reader.version(ctx) }

func (r *reader) version(ctx context.Context) (facts.Version, error) {
	body, err := r.raw(ctx, "/version", "application/json")
	if err != nil {
		return facts.Version{}, err
	}
	var info apiversion.Info
	if err := json.Unmarshal(body, &info); err != nil || info.GitVersion == "" {
		return facts.Version{}, fmt.Errorf("/version answers with something that is no version: %.80q", body)
	}
	v := facts.Version{GitVersion: info.GitVersion}
	// Some providers append a plus sign to the minor.
	minor := func(major, minor string) string { return major + "." + strings.TrimSuffix(minor, "+") }
	emulated := minor(info.EmulationMajor, info.EmulationMinor)
	if info.EmulationMinor != "" && emulated != minor(info.Major, info.Minor) {
		v.Emulated = emulated
	}
	return v, nil
}

func (r *reader) raw(ctx context.Context, path, accept string) (body []byte, err error) {
	err = r.call(ctx, func(ctx context.Context) error {
		answer := r.typed.Discovery().RESTClient().Get().AbsPath(path).SetHeader("Accept", accept).Do(ctx)
		// Raw has no more of a refusal than that it is one.
		if err = answer.Error(); err == nil {
			body, err = answer.Raw()
		}
		return err
	})
	return body, err
}

// discoveryList asks for the whole of discovery in one answer, in the versions
// of the format that 1.27 and later offer; they have the same fields.
const discoveryList = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"

func resources(ctx context.Context, c *cluster) ([]facts.APIResource, error) {
	out := []facts.APIResource{}
	for _, path := range []string{"/api", "/apis"} {
		body, err := c.raw(ctx, path, discoveryList)
		if err != nil {
			return nil, fmt.Errorf("discovery: %w", err)
		}
		var groups apidiscovery.APIGroupDiscoveryList
		if err := json.Unmarshal(body, &groups); err != nil {
			return nil, fmt.Errorf("discovery at %s: %w", path, err)
		}
		if groups.Kind != "APIGroupDiscoveryList" {
			return nil, fmt.Errorf("discovery at %s answers with %q: servers before 1.27 can't be read", path, groups.Kind)
		}
		for _, g := range groups.Items {
			if out, err = appendGroup(out, g); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(out, func(a, b facts.APIResource) int {
		return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Version, b.Version), strings.Compare(a.Resource, b.Resource))
	})
	return out, nil
}

// appendGroup leaves out what an aggregated API server did not tell of itself;
// its APIService says that it is unavailable. A stale answer about a group that
// kube-apiserver serves itself is an error.
func appendGroup(out []facts.APIResource, g apidiscovery.APIGroupDiscovery) ([]facts.APIResource, error) {
	for _, v := range g.Versions {
		if v.Freshness == apidiscovery.DiscoveryFreshnessStale && scheme.Scheme.IsGroupRegistered(g.Name) {
			return nil, fmt.Errorf("discovery of %s/%s is stale", g.Name, v.Version)
		}
		for _, r := range v.Resources {
			resource := facts.APIResource{Group: g.Name, Version: v.Version, Resource: r.Resource,
				Namespaced: r.Scope == apidiscovery.ScopeNamespace, Verbs: slices.Sorted(slices.Values(r.Verbs))}
			if r.ResponseKind != nil {
				resource.Kind = r.ResponseKind.Kind
			}
			out = append(out, resource)
			for _, s := range r.Subresources {
				sub := resource
				sub.Resource, sub.Kind, sub.Verbs = r.Resource+"/"+s.Subresource, "", slices.Sorted(slices.Values(s.Verbs))
				if s.ResponseKind != nil {
					sub.Kind = s.ResponseKind.Kind
				}
				out = append(out, sub)
			}
		}
	}
	return out, nil
}

// newestOf returns the newest of versions; empty if there is none.
func newestOf(versions []string) string {
	if len(versions) == 0 {
		return ""
	}
	return slices.MaxFunc(versions, apiversion.CompareKubeAwareVersionStrings)
}

// newest returns the newest version at which resource is served, or false if none.
func newest(resources []facts.APIResource, resource schema.GroupResource) (schema.GroupVersionResource, bool) {
	best := ""
	for _, r := range resources {
		if r.Group == resource.Group && r.Resource == resource.Resource && apiversion.CompareKubeAwareVersionStrings(r.Version, best) > 0 {
			best = r.Version
		}
	}
	return resource.WithVersion(best), best != ""
}
