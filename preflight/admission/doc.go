// Package admission tells which webhooks and policies see a write, in which
// order, and what the policies say to it, by the API server's own packages.
//
// Webhooks are matched by ShouldCallHook of the webhook plugin and policies are
// run by the dispatchers of the policy plugins (k8s.io/apiserver
// pkg/admission/plugin), of the minor that this module requires; where another
// minor does it differently, the difference is data in this package.
//
// What is told differs from what an API server does in this:
//
//   - An object is shown in another version by changing its apiVersion, which is
//     exact for the kinds that start-up writes, but not for events.
//   - Only versions that the running API server serves count as equivalent, not
//     those that the target adds.
//   - The changes of mutating webhooks are not known, so that what comes after
//     them is matched against the object without them. Those of mutating
//     policies are made, but not the second time that one with
//     reinvocationPolicy IfNeeded may run.
//   - What the API server fills in between mutation and validation, such as
//     metadata.uid and creationTimestamp, is missing.
//   - Webhooks and policies that an API server reads from its own files (alpha
//     in 1.36) are in no snapshot.
//
// Where something that a selector or an expression reads is known to be missing
// from the snapshot, the interception is undecided.
package admission
