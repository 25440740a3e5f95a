"""What engine.bpmn is made of beside SpiffWorkflow: the task tree, joins, bounds, and plain values for the others."""
