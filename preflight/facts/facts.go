// Package facts holds what was observed of a cluster, and nothing else.
//
// A [Snapshot] is immutable and self-contained: whatever a check may read is in
// it, so that a run can be repeated from a file with no cluster at hand. Each
// fact is either present or absent with its reason; a list that was cut short
// is absent, never short; and so is one that is empty where no cluster's is.
package facts

import (
	"fmt"
	"io"
	"reflect"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// A Fact identifies one kind of observation, whatever the type of its value.
type Fact interface {
	// ID names the fact in recordings, reports and error messages.
	ID() string
	// Access says what reading the fact requires.
	Access() Access

	// decode reads a value from JSON or YAML, decodeJSON from JSON alone.
	decode([]byte) (any, error)
	decodeJSON(io.Reader) (any, error)
	// hollow reports whether v is an answer that no cluster gives: nothing, of what
	// each has some of.
	hollow(v any) bool
	// isLater reports whether the first version did not know of the fact.
	isLater() bool
}

// Access says what must be granted so that a fact can be read.
type Access struct {
	// Rules are the Kubernetes RBAC rules; none for a fact of another source.
	Rules []rbacv1.PolicyRule
	// Permissions are IAM permissions of Google's APIs, such as
	// container.clusters.get; none for a fact of another source.
	Permissions []string
}

// A Key is a [Fact] whose value has type T.
type Key[T any] struct {
	id     string
	access Access
	// everywhere says that each cluster has some of it, so that an empty answer is none.
	everywhere bool
	// lacks reports whether v is without what each cluster has; nil where that is not told
	// one from another.
	lacks func(v T) bool
	// afterFirst says that the first version did not know of it.
	afterFirst bool
}

// ID implements [Fact].
func (k Key[T]) ID() string { return k.id }

// Access implements [Fact].
func (k Key[T]) Access() Access { return k.access }

// Of returns k's value in s. A check calls it only for facts that it declares:
// calling it for an absent fact is a bug and panics.
func (k Key[T]) Of(s *Snapshot) T {
	v, ok := s.values[k.id]
	if !ok {
		panic(fmt.Sprintf("facts: %s is absent and was read without being declared", k.id))
	}
	return v.(T)
}

// Get returns k's value in s, or false where it is absent.
func (k Key[T]) Get(s *Snapshot) (T, bool) {
	v, ok := s.values[k.id].(T)
	return v, ok
}

func (k Key[T]) decode(b []byte) (any, error) {
	var v T
	if err := yaml.UnmarshalStrict(b, &v); err != nil {
		return nil, err
	}
	return v, nil
}

func (k Key[T]) decodeJSON(r io.Reader) (any, error) {
	var v T
	err := strictly(r, &v)
	return v, err
}

func (k Key[T]) isLater() bool { return k.afterFirst }

func (k Key[T]) hollow(v any) bool {
	switch r := reflect.ValueOf(v); {
	case !k.everywhere:
		return false
	case !r.IsValid():
		return true
	case k.lacks != nil && k.lacks(v.(T)):
		return true
	case r.Kind() == reflect.Slice:
		return r.Len() == 0
	default:
		return r.IsZero()
	}
}

func kubernetes[T any](id string, rules ...rbacv1.PolicyRule) Key[T] {
	return Key[T]{id: id, access: Access{Rules: rules}}
}

// inAll is k where no cluster is without: an API server makes some of it at its start.
func (k Key[T]) inAll() Key[T] {
	k.everywhere = true
	return k
}

// with is inAll where each cluster has one that is needed.
func (k Key[T]) with(needed func(v T) bool) Key[T] {
	k.lacks = func(v T) bool { return !needed(v) }
	return k.inAll()
}

// later is k where recordings of the first version hold nothing of it, not even why.
func (k Key[T]) later() Key[T] {
	k.afterFirst = true
	return k
}

func gke[T any](id string, permissions ...string) Key[T] {
	return Key[T]{id: id, access: Access{Permissions: permissions}}
}

func list(group string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: []string{"list"}}
}

func get(group, resource string, names ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: names, Verbs: []string{"get"}}
}

func getURL(paths ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{NonResourceURLs: paths, Verbs: []string{"get"}}
}
