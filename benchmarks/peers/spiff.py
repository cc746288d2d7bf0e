"""SpiffWorkflow: each step loads the workflow's JSON, completes the user task, writes JSON, entry and timer, and commits.

A command line must do so: nothing stays in memory between two commands.
"""

from __future__ import annotations

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks.peers.course import BESIDE, NOTE, NOW, STATES, VERBS, arm, given, opened, run

TABLES = "CREATE TABLE workflow(id INTEGER PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL);" + BESIDE
PUT = (
    "INSERT INTO workflow VALUES (?,?,?)"
    " ON CONFLICT(id) DO UPDATE SET state = excluded.state, body = excluded.body"
)  # fmt: skip


def diagram() -> bytes:
    """Return a BPMN process of one user task after another."""
    names = ["begin", *VERBS, "end"]
    tasks = "".join(
        f'<bpmn:userTask id="{verb}" name="{verb}"><bpmn:incoming>f{n}</bpmn:incoming>'
        f"<bpmn:outgoing>f{n + 1}</bpmn:outgoing></bpmn:userTask>"
        for n, verb in enumerate(VERBS)
    )
    flows = "".join(
        f'<bpmn:sequenceFlow id="f{n}" sourceRef="{names[n]}" targetRef="{names[n + 1]}"/>'
        for n in range(len(names) - 1)
    )
    model = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    return (
        f'<bpmn:definitions xmlns:bpmn="{model}" id="d" targetNamespace="bench"><bpmn:process id="item" isExecutable="true">'
        f'<bpmn:startEvent id="begin"><bpmn:outgoing>f0</bpmn:outgoing></bpmn:startEvent>{tasks}'
        f'<bpmn:endEvent id="end"><bpmn:incoming>f{len(VERBS)}</bpmn:incoming></bpmn:endEvent>{flows}'
        "</bpmn:process></bpmn:definitions>"
    ).encode()


def main() -> None:
    """Take the course."""
    asked = given()
    connection = opened(asked, TABLES)
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(diagram()))
    plan, serializer = parser.get_spec("item"), BpmnWorkflowSerializer()

    def save(item: int, workflow: BpmnWorkflow, entry: tuple[str, str | None, str]) -> None:
        text = serializer.serialize_json(workflow)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(PUT, (item, entry[2], text))
        connection.execute(NOTE, (item, NOW, "o11", *entry))
        arm(connection, item, entry[2])
        connection.execute("COMMIT")

    def step(item: int, number: int) -> None:
        body = connection.execute("SELECT body FROM workflow WHERE id = ?", (item,)).fetchone()[0]
        workflow = serializer.deserialize_json(body)
        task = workflow.get_next_task(state=TaskState.READY, manual=True)
        assert task.task_spec.name == VERBS[number]  # noqa: S101 - else nothing was measured
        task.data["by"] = "o11"
        task.run()
        workflow.do_engine_steps()
        save(item, workflow, (VERBS[number], STATES[number], STATES[number + 1]))

    for item in range(1, asked.items + 1):
        workflow = BpmnWorkflow(plan)
        workflow.do_engine_steps()
        save(item, workflow, ("register", None, STATES[0]))
    run(asked, step)


if __name__ == "__main__":
    main()
