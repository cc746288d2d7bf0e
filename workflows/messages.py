"""The sentence for each error code: what is wrong, where, and what would be allowed.

Its `{names}` are the error's data, already turned into display words by `sentence`: verbs, states, fields, roles and
kinds of request by their titles, instants by their civil time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.faults import (
    ATTACHMENT_FAULTS,
    CALENDAR_FAULTS,
    FILE_FAULTS,
    KINDS,
    PDF_FAULTS,
    TEMPLATE_FAULTS,
    TEXT_FAULTS,
)
from workflows.labels import LEDGER_DAYS, NOTICE_STATES, REQUEST_STATES, ROLES, addressee, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.errors import SibanError
    from workflows.labels import Titles

MESSAGES: Mapping[str, str] = {
    # what the flow refuses
    "not_in_state": "不能{verb}：{item} 现为“{state}”{desk}。您现在可以：{allowed}。",
    "done_by_other": "{item} 已由{person}于 {done_at} {verb}，现为“{state}”，无须再办。",
    "unknown_verb": "没有“{verb}”这一办理动作。现在可以：{allowed}。",
    "not_allowed": "无权{verb} {item}：须由{roles}办理{people}。",
    "same_person": "不能{verb} {item}：{person} 已办过“{before}”，须另由他人办理。",
    "missing_field": "{item} 缺少必填内容：{fields}。",
    "field_not_taken": "此处不需要填写：{fields}；可以填写：{known}。",
    "field_too_short": "{item} 的“{field}”太短：至少 {least} 个字，现为 {length} 个。",
    "in_the_future": "实际办理时间 {done_at} 晚于现在（{now_at}）。",
    "before_last_act": "实际办理时间 {done_at} 早于 {item} 的上一步（{last_at}）。",
    "not_correctable": "“{field}”不能更正；本事项可以更正：{known}。",
    "correct_by_act": "“{field}”关系时限、经办或流转，不能更正；请用相应动作办理：{allowed}。",
    "nothing_to_correct": "{item} 还没有填写“{field}”，无从更正。",
    "same_value": "{item} 的“{field}”本来就是这样，无须更正。",
    # the ledger as it was
    "past_in_future": "“{text}”还没有到（现在是 {now_at}）：--as-of、--known-at 只能回看；以后的情况用 siban 预测。",
    "known_at_alone": "--known-at 须与 --as-of 同用：前者为录入截止时间，后者为办理截止时间。",
    "bad_layout": "样式“{path}”不能使用：{why}。",
    "bad_month": "看不懂月份“{text}”：写法为 2023-08 或 2023年8月。",
    "month_or_span": "--month 与 --from、--until 只能用一种。",
    "span_backwards": "起止日期颠倒：{since} 晚于 {until}。",
    "not_registered_then": "截至 {text_at}，{item} 还没有登记。",
    # guards
    "limit_clear": "{item} 的时限已经明确，不能再改；须延长的请申请延期。",
    "limit_needed": "一时解决不了的须明确时限：请用 --时限 填写，如 5个工作日、2023-08-31。",
    "lead_among_co_units": "主办单位不能同时列为协办单位。",
    "measure_undated": "第 {number} 项整改措施没有完成时限：写法为 --措施 内容|责任单位|完成日期。",
    "measure_too_late": "第 {number} 项整改措施的完成时限 {due} 晚于事项时限 {latest}。",
    "measures_left": "还有整改措施未完成：第 {numbers} 项。已完成的用 --已完成措施 注明，不再执行的用 --不再执行 序号:理由。",
    "co_units_left": "协办单位尚未反馈：{units}。请催请反馈，或用 --协办缺项说明 写明原因。",
    "not_an_addressee": "{names} 不是本事项的反馈对象；尚待反馈：{left}。",
    "unanswered": "尚未反馈：{names}。件件须有回应，反馈或注明免予反馈后方可销号。",
    "not_called_back": "反馈后尚未回访，请先由牵头部门回访。",
    "dissatisfied": "反映人不满意或问题未解决，须重新办理，或由分管领导审定后作出说明。",
    "request_open": "还有申请未办结：{requests}，请先批复。",
    "publicity_running": "公示期至 {until}，期满前不能销号。",
    "not_signed_off": "挂帅研办事项须先由挂帅领导签字（{verb}）。",
    "result_not_final": "办理结果为“{result}”，尚不能通过核验；请转持续整改或继续办理。",
    "designated": "本事项为指定承办，不得再申请退回。",
    "merge_self": "不能并入自身。",
    "merge_closed": "{item} 号事项已办结，不能作为并入对象。",
    "same_unit": "主办单位未变，无须调整。",
    "reporter_needed": "群众反映的问题须填写反映人，或注明匿名（--匿名）。",
    "not_overdue": "本事项未逾期，无须申诉。",
    "not_in_role": "“{field}”所填 {person} 不符：须为{roles}{people}。",
    "not_dissatisfied": "回访未反映不满意或未解决，不能这样办理。",
    "done_once": "{item} 已{verb}过一次，再次须由分管领导决定。",
    "not_done_before": "{item} 尚未{verb}，不能办理这一步。",
    "too_short": "{item} 的“{field}”为 {until}，太近：最早为 {earliest}。",
    "percent_less": "{item} 的完成进度由 {before_percent}% 回落到 {percent}%，须说明进度回落原因。",
    # requests
    "request_not_here": "{item} 现为“{state}”，不能申请{kind}。现在可以申请：{allowed}。",
    "request_used_up": "{item} 的{kind}已批准 {most} 次，不能再申请。",
    "request_too_late": "{item} 已于 {due_at} 到期，逾期后不能再申请{kind}。",
    "request_window_over": "{item} 的{kind}期限已于 {closed_at} 截止。",
    "request_not_later": "申请的日期 {until} 须晚于 {after}。",
    "request_too_long": "申请的日期 {until} 过长，最晚为 {latest}。",
    "unknown_request": "没有申请 {name}；待批复的申请：{open}。",
    "request_decided": "申请 {name} {state}，不能再批复。",
    # reporters
    "no_reporter": "{item} 没有登记反映人。",
    "reporter_erased": "{item} 的反映人信息已经清除，不能查看，也无须再清除。",
    "names_reporter": "{field}中不能写反映人的姓名或联系方式：办理记录不能删改，写进去就清除不了。",
    # notices
    "unknown_notice": "没有第 {name} 号通知。",
    "not_of_workflow": "{item} 不是{workflow}。",
    "parts_open": "{item} 之下还有 {count} 件未了结：{parts}。须先逐件办结或者作出安排。",
    "refers_elsewhere": "“{field}”所写的第 {number} 号不是可用的事项，或者已经结束。",
    "too_late_for": "“{field}”{value} 晚于 {latest}，不得晚于此日。",
    "bad_period": "周期“{text}”看不懂：可以写每月、每两周、每10天、每季度，只办一次的写一次。",
    "bad_channels": "送达设置 {path} 不能用：{why}。",
    "bad_channels_fields": "送达设置 {path} 有 {count} 处错误：",
    "channels_open": "送达设置 {path} 中写有地址，却能被他人读取（权限 {mode}）：请改为仅本人可读（chmod 600），或把地址放进环境变量、写作 env:变量名。",
    "bad_target": "{scheme}:// 的地址写得不对：请按 apprise 的写法核对。",
    "target_not_allowed": "{origin} 不在送达设置的 allow 之列，未发送。",
    "unknown_target": "送达设置中没有“{name}”这一去处。现有：{names}。",
    "unknown_digest": "没有标识为 {key} 的未送达通知：siban notify status 可查。",
    "not_taken": "{target} 没有收下：{why}。",
    "not_my_notice": "第 {name} 号通知发给 {receiver}，不能代为已阅。",
    "not_sent": "第 {name} 号文书{status}，尚未送达，无须已阅。",
    "not_a_draft": "第 {name} 号文书{status}，无须再办。",
    # papers and evidence
    "paper_issued": "{item} 的这份文书刚由他人制发，请重新打印。",
    "paper_issued_as": "这次督办已制发{title} {no}，不再另发；再次打印用文种“{title}”。",
    "paper_withheld": "{item} 的《{title}》已决定暂不发出，不能制发。",
    "paper_colour": "{item} {overdue}逾期，不能用{title}：临近时限用蓝色，进度滞后、质量较差用黄色，逾期未办结用红色。",
    "paper_without_request": "{item} 没有{what}申请，不能填写{title}；请先申请：siban 申请 {what}。",
    "paper_without_report": "{item} 尚未{verb}，不能填写销号申请表。",
    "bad_paper_number": "看不懂文书编号“{text}”：写法为 督办〔2023〕5号，或 〔2023〕5号。",
    "unknown_paper": "没有编号为 {name} 的{title}文书；查看一件事项已制发的文书：siban 文书 编号。",
    "ambiguous_paper": "{name} 对应多份文书：{among}，请写全编号。",
    "bad_template": "Word 模板 {path} 不能使用{place}：{why}。",
    "no_pdf": "没有转成 PDF：{why}；Word 文件可以照常打印。",
    "evidence_faults": "佐证材料有 {count} 件与收存时不符：",
    # who and what
    "unknown_item": "没有事项 {name}。可用编号、序号或编号末几位；查台账：siban list。",
    "ambiguous_item": "{name} 对应多件事项：{among}，请写全编号。",
    "unknown_officer": "没有“{name}”这个人{near}。",
    "ambiguous_officer": "有多人名叫“{name}”：{among}，请用工号。",
    "unknown_unit": "没有“{name}”这个单位；现有：{among}。",
    "who_are_you": "不知道您是谁：系统用户“{os_user}”未对应到任何人员。请由管理员在机构人员表中登记 os_user 后载入；详情：siban doctor。",
    "several_desks": "系统用户“{os_user}”对应到 {count} 个人员：{among}。请用 --as 工号 指明以哪一个办理。",
    "no_delegation": "{taker} 没有代 {giver} 办理的授权，不能以其名义办理。",
    "delegation_over": "{taker} 代 {giver} 办理的授权已于 {until} 到期，不能再以其名义办理。",
    "delegation_not_begun": "{taker} 代 {giver} 办理的授权自 {since} 起生效，现在还不能以其名义办理。",
    "auditor_reads": "{person} 为审计（纪检）人员，只能查看，不能办理。",
    "not_installer": "无权更换办事规则（机构人员、流程、日历）：须由数据库文件的所有者（管理员）或牵头部门负责人{people}办理。",
    "basis_needed": "代录须写明依据：--依据 会议纪要｜签批件｜OA｜电话，并填文号、日期。",
    "already_done": "该指令（{command_id}）已于 {recorded_at} 办理完毕，未重复办理。",
    "command_reused": "指令编号 {command_id} 已用于别的办理（{verb}，{recorded_at}），请换一个。",
    # secrecy
    "classified": "“{field}”中有密级标志“{mark}”，不得录入：本系统为非涉密系统。确已脱密的，用 --cleared（--已脱密）写明理由，理由记入办理记录。",
    "not_an_inspector": "{person} 不能查看办理行为核查：只供纪检（审计）人员和牵头部门负责人。",
    "cleared_why": "--cleared（--已脱密）须写明脱密的理由，如审批单文号、何时由谁解密。",
    # problem lists
    "bad_map": "看不懂“--map {text}”：应写作 FIELD=列名，FIELD 可为 {allowed}。",
    "map_twice": "--map 中“{field}”写了两次，请只留一个。",
    "column_not_found": "表中没有“{column}”这一列；现有的列：{headers}。",
    "column_not_unique": "表中有 {count} 列都叫“{column}”；请写作“{column}#1”“{column}#2”。",
    "column_twice": "“{column}”一列不能同时作为{fields}。",
    "columns_compete": "{columns}都可能是“{field}”；请用 --map 字段=列名 指明。",
    "column_ambiguous": "“{column}”在不同台账中含义不同（{fields}）；请用 --map FIELD={column} 指明，不需要则用 --map ignore={column}。",
    "bad_state_word": "看不懂“{text}”：应写作 --state 台账用语=状态，状态可为 {allowed}。",
    "suspended_or_listed": "“{text}”有两种意思，须指明：暂缓办理的用 --state {text}=暂缓办理，列入台账督办、仍在整改的用 --state {text}=整改中。",
    "unknown_state_word": "不知道“{text}”是什么状态；请用 --state {text}=状态 指明，状态可为 {allowed}。",
    "done_when": "状态为“{state}”，却没有完成日期或销号日期；请补填，或用 --done-on 日期 指明没有日期的一律按哪一天。",
    "done_yet_open": "状态为“{state}”，却有完成日期；请改正其一。",
    "days_out_of_order": "{later}早于{earlier}，请改正其一。",
    "broken_formula": "公式没有结果或结果有误；请在表格软件中改正后保存。",
    "same_row": "与第 {row} 行是同一件（编号相同）；请只留一行。",
    "entries_refused": "有 {count} 行不能登记。",
    "unknown_profile": "没有名为“{name}”的列名对应；已保存的：{among}。",
    "column_required": "找不到“{field}”一列；请用 --map title=列名 指明。现有的列：{headers}。",
    "digits_lost": "“{text}”超过15位，电子表格已改变末几位；请把该列设为文本格式后重新填写。",
    "bad_file": "不能读取“{path}”：{why}。",
    "no_reader": "读取电子表格的组件不能运行（{detail}）；请重新安装。",
    "output_failed": "结果没有写完：{why}。",
    "time_goes_back": "时间不能倒退：现为 {now}。",
    "bad_setting": "设置“{name}”不能为“{text}”；可以是：{among}。",
    # what cannot be read
    "bad_limit": "看不懂时限“{text}”{note}。可以写：5个工作日、4工作时、15日、1个月、2023-08-31、8月底前。",
    "limit_stands": "看不懂时限“{text}”，而 {item} 已有时限 {limit}，不能以此代替；请写明日期或天数。",
    "bad_offset": "看不懂督办时点“{text}”：可以写 near、0、+1wd、-1wd、+5d、+2h。",
    "bad_instant": "看不懂时间“{text}”：可以写 2023-05-08、2023-05-08 09:30、2023年5月8日。",
    "instant_out_of_range": "时间“{text}”超出范围：应在 1992 年至 9999 年之间。",
    "bad_field": "“{field}”填写有误：{value}{why}{allowed}。",
    "bad_text": "“{field}”中有不能接受的内容：{why}。",
    "bad_calendar": "工作日历有误（{place}）：{why}。",
    "bad_request_name": "看不懂申请编号“{text}”：写法为 事项号-序号，如 12-1。",
    "bad_measure": "看不懂整改措施“{text}”：写法为 内容|责任单位|完成日期。",
    "trial_stays": "库是试用还是正式，建库时定，不能更改。",
    "trial_only": "--at 只能用于试用库（siban init --trial）。",
    "clock_back": "模拟时间不能倒退：库中已记到 {now_at}。",
    "unknown_choice": "没有{what}“{text}”；可以写：{among}。",
    "no_such_clock": "没有计时“{clock}”；{item} 的计时：{clocks}。",
    "clock_not_begun": "{item} 的“{clock}”还没有起算；已起算的计时：{clocks}。",
    # forecasts
    "forecast_past": "预测须到将来：{until_at} 已经过去，现在是 {now_at}。",
    "forecast_too_far": "最多预测 {days} 天，最远到 {latest_at}。",
    "bad_leave": "看不懂请假“{text}”：写法为 姓名:起始日..截止日，如 金晓:2023-08-01..2023-08-10。",
    "bad_forecast": "不能与 {path} 对照：{why}。先用 siban forecast --until 日期 -o json 存下一次预测。",
    # definitions and organisations
    "definition_faults": "流程定义有 {count} 处问题：",
    "organisation_faults": "机构人员表有 {count} 处问题：",
    "version_taken": "流程“{name}”第 {version} 版已在库中，内容不同：改动过的流程须写新的版本号（version），现用第 {current} 版。",
    "version_lower": "流程“{name}”现用第 {current} 版，不能启用更早的第 {version} 版；请把版本号（version）写为 {next} 或更大。",
    "version_unknown": "库中没有“{name}”这一版流程；现有：{among}。",
    "other_workflow": "“{name}”与“{other}”不是同一个流程，不能比较。",
    "bad_mapping": "看不懂“--map {text}”：应写作 原状态=新状态，如 rectifying=mending 或 整改中=整改之中。",
    "unknown_state": "没有状态“{text}”；可以写：{states}。",
    "not_to_move": "第 {numbers} 号事项不能转：已办结、不属于本流程，或已是该版。",
    "move_blocked": "有 {count} 件事项不能转（{among}），全部未转；先办妥或用 --map 指明状态，只转能转的请加 --only-fitting。",
    "workflow_missing": "库中没有流程“{name}”；现有：{among}。",
    "policy_replaced": "刚才已有人另行载入，本次未作任何改动；请看过最新情况后重新载入。",
    "policy_missing": "库中缺少{kind}，请重新载入。",
    "not_xlsx": "只写成 .xlsx 文件，“{path}”不是。",
    "bad_ledger_layout": "台账格式 {path} 有误（{text}）；可以写：{among}。",
    "bad_toml": "{path} 不是有效的 TOML 文件：{why}。",
    # storage
    "no_database": "没有数据库 {path}。先试用：siban demo；新建：siban --db {path} init。",
    "not_a_database": "{path} 不是数据库文件，未作任何改动。",
    "foreign_database": "{path} 是其他程序的数据库，未作任何改动。",
    "newer_schema": "{path} 的库结构版本为 {found}，本程序只认到 {known}，请升级程序；未作任何改动。",
    "older_schema": "{path} 的库结构版本为 {found}，需升级到 {known}：请运行 siban --db {path} db upgrade。",
    "locked": "等了 {seconds} 秒，数据库仍被占用（进程 {pid}：{command}），请稍后再试。",
    "bad_url": "看不懂数据库地址；写法为 postgresql://账号@主机:端口/库名（密码放在 ~/.pgpass，不写在命令里）。",
    "no_server": "连不上 {path}：服务器没有应答；请核对主机、端口和网络，或请数据库管理员查看服务是否在运行。",
    "server_starting": "{path} 的服务器正在启动或停止，请稍后再试。",
    "server_full": "{path} 的服务器资源已满（连接或内存），请稍后再试；经常如此的，请数据库管理员调高上限。",
    "wrong_password": "{path} 不接受账号“{account}”的密码，请核对 ~/.pgpass。",
    "no_login": "{path} 没有账号“{account}”，或不许它登录，请数据库管理员开通。",
    "not_admitted": "{path} 的服务器不接受从本机以账号“{account}”连接，请数据库管理员核对 pg_hba.conf。",
    "no_tls": "与 {path} 的加密连接没有建成：请核对 sslmode、根证书（sslrootcert）和服务器证书。",
    "no_such_database": "服务器上没有 {path} 这个库，请数据库管理员先建库。",
    "not_founded": "{path} 里还没有 siban 的数据；由库的所有者新建：siban --db 地址 init。",
    "not_permitted": "账号无权在 {path} 中这样做；办理事项的账号须在 siban_officer 组内，只查询的在 siban_reader 组内。",
    "no_roles": "服务器上还没有 siban 的两个账号组，请数据库管理员先运行：{why}",
    "standby": "{path} 是只读的备用服务器，不能办理；请连接主服务器。",
    "held": "等了 {seconds} 秒，要办的事项仍被他人占用，未作任何改动；请稍后再试。",
    "too_slow": "{path} 的服务器没有按时答复，未作任何改动；请稍后再试。",
    "connection_lost": "与 {path} 的连接中断，未作任何改动；请重新运行。",
    "commit_unanswered": "与 {path} 的连接在保存时中断，是否已保存不能确定；请先查看（siban show、siban log），再决定是否重办。",
    "entry_of_another": "数据库账号与办理人不是同一人，未作任何改动；请用本人的账号连接，或核对机构人员表中的 os_user。",
    "overtaken": "有他人同时在办，多次重试仍未办成，未作任何改动；请稍后再试。",
    "no_files_folder": "库在服务器上，附件须存入共用文件夹：请设置环境变量 SIBAN_FILES 为其路径。",
    "files_not_there": "附件的共用文件夹 {path} 不在：没有挂载，或者还没有建（建法见 docs/postgresql.md）。",
    "disk_full": "磁盘已满，本次办理未保存；请清理 {path} 所在磁盘后重试。",
    "disk_failed": "磁盘读写出错（{why}），本次办理未保存。",
    "outcome_unknown": "保存时磁盘读写出错（{why}），不能确定本次办理是否已保存：请先检查磁盘，再看办理记录（siban log），确未保存的重新办理。",
    "read_only": "无权写入 {path} 或其所在文件夹，不能打开：请由管理员授权，或以服务账号运行 siban；只需查看的，请管理员导出一份台账。",
    "network_disk": "{path} 在网络或共享磁盘上（{kind}），数据库放在那里会丢失已保存的内容，未打开：请放在本机磁盘；多台机器共用的，请改用 PostgreSQL。",
    "no_directory": "{path} 所在的文件夹不存在。",
    "damaged": "{path} 已损坏（{why}），请用最近的备份恢复。",
    "journal_mode": "{path} 正被另一版本的 SQLite 使用，请先关闭其他程序。",
    "settings": "数据库的安全设置未能生效，未打开 {path}。",
    "exists": "{path} 已经存在，不会覆盖。",
    # keeping
    "not_keeper": "无权备份、恢复或搬迁数据库：须由数据库文件的所有者（管理员）或牵头部门负责人{people}办理。",
    "another_backup": "{path} 中正有另一次备份在进行，请稍后再试。",
    "another_move": "正有另一次搬迁在写入 {path}，请稍后再试。",
    "restore_on_server": "{path} 在服务器上，不能就地恢复：请另建一个空库，用 siban db copy（数据库 搬迁）把备份搬进去，核验后改用新库。",
    "backup_needs_place": "库在服务器上，请用 --to（--到）写明备份到哪个文件或文件夹。",
    "keep_needs_directory": "--keep（--保留）只用于备份到文件夹，{path} 是一个文件。",
    "no_backup": "没有备份文件 {path}。",
    "backup_faulty": "{path} 没有通过核验，有 {count} 处不符，没有采用：",
    "not_still": "{path} 旁边还有日志文件（-wal 或 -journal），内容不完整，不能当作备份；请用 siban db backup 另作备份。",
    "restore_itself": "{path} 就是现用的数据库，无须恢复。",
    "trial_differs": "{path} 与现用数据库一个是试用库、一个是正式库，不能互相恢复。",
    "another_database": "这份备份来自另一个数据库，不能恢复到 {path}；确要换用的，请加 --other-history（--另一历史），现有文件改名保存。",
    "histories_differ": "备份与现用数据库自第 {number} 号办理记录起内容不同，未作任何改动；确以备份为准的，请加 --other-history（--另一历史）。",
    "entries_lost": "备份之后又有 {lost} 条办理记录（第 {numbers} 号，{first_at} 至 {last_at}），恢复后不再有，未作任何改动；确要舍弃的，请加 --discard-newer（--舍弃其后）。",
    "unreadable_now": "现用数据库 {path} 读不出来，无从知道恢复后会缺少哪些记录，未作任何改动；确要恢复的，请加 --discard-newer（--舍弃其后），现有文件改名保存。",
    "in_use": "{path} 正被其他程序打开，不能替换；请停止 siban serve，退出其他程序后再试。",
    "replaced": "{path} 刚由备份恢复，本次办理未保存，请重新办理。",
    "copy_differs": "{path} 与来源有 {count} 处不符，没有采用：",
    "copy_to_itself": "{path} 既是来源又是目标。",
    "not_whole": "只能看到一部分事项的人不能导出全部记录；牵头部门、领导、审计人员和数据库管理员可以。",
    "bad_attachment": "附件 {path} 不能收存：{why}。",
    "serial_taken": "编号 {serial} 已被使用。",
    "rung_crossed": "该督办层级已由另一进程记录，请重试。",
    "no_org": "还没有机构人员，请先载入：siban org load 文件.toml。",
    "not_sealed": "未作存证：办理记录有不符之处，存证只能证明完整的记录。请先查明：siban audit verify。",
    "key_open": "私钥文件 {path} 他人也能读取（权限 {mode}），不能使用；请改为只有本人可读：chmod 600。",
    "bad_private_key": "{path} 不能用来签名：{why}。新建：siban audit key new 文件。",
    "bad_key_name": "公钥名称“{name}”不能接受：1 至 64 个字符，不含空格和加号。",
    "bad_argument": "{why}",
    "bad_conclusion": "核验结论只能写成 .docx 或 .txt，不能写成 {path}。",
    "check_failed": "检查发现 {count} 处不符：",
    "clock_stepped": "本机时间由 {expected_at} 突变为 {now_at}，值守已停，未据此督办：请核对本机时间；确认无误的，运行 siban serve --clock-is-right（--时钟无误）。",
    "clock_behind": "本机时间为 {now_at}，早于最后一条办理记录（{last_at}），未作任何改动：请核对本机时间；确认无误的，运行 siban tick --clock-is-right（--时钟无误）。",
    "clock_ahead": "上次记录是 {last_at}，本机时间为 {now_at}，相隔 {days} 天，未作任何督办：请核对本机时间；确认无误的，重新运行并加 --clock-is-right（--时钟无误）。",
    "no_systemd": "本机不由 systemd 管理，装不了服务：请让 siban serve 由本机的启动程序常驻，或定时运行 siban tick。",
    "service_needs_root": "装卸整机的服务须由 root 运行本命令；只给本人用的，请加 --user（--本人）。",
    "service_as_root": "服务不能以 root 运行：{path} 属于 root，请把它交给专用的系统用户，或用 --run-as 指明。",
    "service_not_ours": "{path} 不是 siban service install 写成的，未作任何改动。",
    "service_absent": "没有装过这个服务（{path}）；装成本人服务的，请加 --user（--本人）。",
    "service_failed": "{command} 没有成功：{why}。",
    "run_as_needed": "请用 --run-as 指明服务以哪个系统用户运行。",
    "password_in_address": "数据库地址中不能写密码：服务定义人人可读。请改用只有服务用户可读的 PGPASSFILE。",
    "no_such_file": "没有 {path}。",
    "bad_path": "{path} 含有换行等控制字符，不能写进服务定义。",
    "another_serve": "已有另一个 siban serve 在运行（{holder}）。",
}
"""One sentence a code."""


_OTHER_FIELDS: Mapping[str, str] = {"command_id": "指令编号", "comment": "备注", "reason": "理由", "list": "清单"}
"""What people write that is no field of a definition."""

_POLICIES: Mapping[str, str] = {"calendar": "工作日历", "organisation": "机构人员", "definition": "流程定义"}


def sentence(error: SibanError, titles: Titles) -> str:
    """Return the Chinese sentence for an error: never a traceback, never an identifier where there is a word."""
    words = {key: _word(key, value, titles) for key, value in error.data.items()}
    words.setdefault("item", "")
    template = MESSAGES.get(error.code)
    if template is None:
        return f"{error.code}：" + "；".join(f"{key} {word}" for key, word in words.items())
    if error.code == "bad_field":
        words["why"] = "，" + KINDS.get(str(error.data.get("why")), "类型不符")
        words["allowed"] = words["allowed"] if error.data.get("allowed") else ""
    if error.code == "bad_attachment":
        words["why"] = ATTACHMENT_FAULTS.get(str(error.data.get("why")), str(error.data.get("why")))
    if error.code == "bad_template":
        words["why"] = TEMPLATE_FAULTS[str(error.data.get("why"))].format_map(_Words(words))
    if error.code == "no_pdf":
        words["why"] = PDF_FAULTS[str(error.data.get("why"))].format_map(_Words(words))
    if error.code == "bad_file":
        words["why"] = FILE_FAULTS.get(str(error.data.get("why")), str(error.data.get("why")))
    if error.code == "bad_calendar":
        why = str(error.data.get("why"))
        words["why"] = CALENDAR_FAULTS.get(why, why).format_map(_Words({"name": "", "notice": ""} | words))
        words["place"] = words.get("place") or "整个文件"
    if error.code == "bad_text":
        words["why"] = TEXT_FAULTS.get(str(error.data.get("why")), str(error.data.get("why")))
    if "faults" in error.data:
        faults = error.data["faults"]
        words["count"] = str(len(faults)) if isinstance(faults, list) else "?"
    return template.format_map(_Words(words)).replace("  ", " ").strip()


class _Words(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _word(key: str, value: object, titles: Titles) -> str:  # noqa: C901, PLR0911, PLR0912 - one return a kind of fact
    """Turn one fact of an error into display words."""
    if key in ("verb", "before"):
        return titles.verb(str(value))
    if key == "state":
        return titles.states.get(str(value)) or REQUEST_STATES.get(str(value)) or str(value) or "未登记"
    if key == "clock":
        return titles.clocks.get(str(value), str(value))
    if key == "status":
        return NOTICE_STATES.get(str(value), str(value))
    if key in ("earlier", "later"):
        return LEDGER_DAYS.get(str(value), str(value))
    if key == "field":
        return titles.fields.get(str(value)) or {**_OTHER_FIELDS, **_POLICIES}.get(str(value), str(value))
    if key == "kind":
        return titles.requests.get(str(value)) or _POLICIES.get(str(value), str(value))
    if key.endswith("_at") and isinstance(value, int):
        return moment(value)
    if not isinstance(value, (list, tuple)):
        return "" if value is None else str(value)
    names = [str(one) for one in value]
    if key == "allowed":
        shown = [f"{titles.verbs.get(n) or titles.requests.get(n) or n}" for n in names]
        shown = [f"{title}（{name}）" if title != name else name for title, name in zip(shown, names, strict=True)]
        return "、".join(shown) or "无"
    if key == "clocks":
        return "、".join(f"{titles.clocks.get(name, name)}（{name}）" for name in names) or "无"
    if key in ("fields", "known"):
        return "、".join(titles.fields.get(name, name) for name in names) or "无"
    if key == "roles":
        return "、".join(ROLES.get(name, name) for name in names)
    if key == "desk":
        return f"（在{'、'.join(names)}处）" if names else ""
    if key == "people":
        return f"（{'、'.join(names)}）" if names else ""
    if key == "near":
        return f"，是不是：{'、'.join(names)}" if names else ""
    if key in ("names", "left"):
        return "、".join(addressee(name) for name in names) or "无"
    return "、".join(names) or "无"
