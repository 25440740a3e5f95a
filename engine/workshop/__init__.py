"""The process owner's workshop (流程工坊): drafts of a regime's files, what they change, and their approval."""
